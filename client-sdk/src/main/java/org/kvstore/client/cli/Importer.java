package org.kvstore.client.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiConsumer;
import org.kvstore.client.KeyValueClient;

/**
 * Writes lines with concurrent puts. At most {@code inFlight} are under way, which bounds memory
 * and the load on the server; two lines with one key are never under way together, so the later one
 * wins. Each line succeeds or fails by itself.
 *
 * <p>The puts are synchronous, on threads of the importer: RESTEasy's asynchronous calls look up
 * their thread contexts with a ServiceLoader each time, which costs as much as the request.
 */
final class Importer {
  private final KeyValueClient client;
  private final int inFlight;
  private final int maxFailures;
  private final BiConsumer<Long, String> onFailure;

  private final Semaphore permits;
  private final Set<String> keysUnderWay = ConcurrentHashMap.newKeySet();
  private final AtomicLong imported = new AtomicLong();
  private final AtomicInteger failed = new AtomicInteger();
  private final AtomicInteger exitCode = new AtomicInteger(ExitCode.OK);
  private long expired;

  /**
   * Makes an importer.
   *
   * @param client where to write; not closed
   * @param inFlight most puts at once
   * @param maxFailures failed lines after which to stop
   * @param onFailure told the number of each failed line, from 1, and why; by any thread
   */
  Importer(
      KeyValueClient client, int inFlight, int maxFailures, BiConsumer<Long, String> onFailure) {
    this.client = client;
    this.inFlight = inFlight;
    this.maxFailures = maxFailures;
    this.onFailure = onFailure;
    this.permits = new Semaphore(inFlight);
  }

  /**
   * The outcome.
   *
   * @param imported lines written
   * @param expired lines left out, as their time of expiry has passed
   * @param failed lines that failed
   * @param stopped whether lines were left after too many failures
   * @param exitCode the program's exit code
   */
  record Report(long imported, long expired, int failed, boolean stopped, int exitCode) {}

  /** Number of lines written so far. Any thread may ask. */
  long imported() {
    return imported.get();
  }

  /** Imports all lines, telling {@code afterEach} that one more was taken up. */
  Report run(LineReader lines, Runnable afterEach) throws IOException {
    boolean stopped = false;
    ExecutorService threads = Executors.newFixedThreadPool(inFlight);
    try {
      long number = 0;
      for (byte[] line = lines.next(); line != null && !stopped; line = lines.next()) {
        number++;
        start(number, line, threads);
        afterEach.run();
        stopped = failed.get() >= maxFailures;
      }
    } finally {
      awaitAll();
      threads.shutdown();
    }
    return new Report(imported.get(), expired, failed.get(), stopped, exitCode.get());
  }

  private void start(long number, byte[] line, ExecutorService threads) {
    if (new String(line, StandardCharsets.ISO_8859_1).isBlank()) {
      return;
    }
    ImportLine parsed;
    try {
      parsed = ImportLine.parse(line);
    } catch (IllegalArgumentException wrong) {
      fail(number, ExitCode.FAILURE, String.valueOf(wrong.getMessage()));
      return;
    }
    Instant now = Instant.now();
    if (parsed.isExpired(now)) {
      expired++;
      return;
    }
    if (!keysUnderWay.add(parsed.key())) {
      awaitAll();
      keysUnderWay.add(parsed.key());
    }
    permits.acquireUninterruptibly();
    threads.execute(() -> put(number, parsed, now));
  }

  private void put(long number, ImportLine line, Instant now) {
    try {
      client.put(line.key(), line.value(), line.options(now));
      imported.incrementAndGet();
    } catch (RuntimeException failure) {
      boolean isOutOfReach = Failures.exitCode(failure) == ExitCode.UNAVAILABLE;
      int code = isOutOfReach ? ExitCode.UNAVAILABLE : ExitCode.FAILURE;
      fail(number, code, Failures.sentence(failure));
    } finally {
      keysUnderWay.remove(line.key());
      permits.release();
    }
  }

  private void fail(long number, int code, String reason) {
    failed.incrementAndGet();
    exitCode.accumulateAndGet(code, Math::max);
    onFailure.accept(number, reason);
  }

  private void awaitAll() {
    permits.acquireUninterruptibly(inFlight);
    permits.release(inFlight);
  }
}
