package org.kvstore.client.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.function.BiConsumer;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;
import org.kvstore.client.BatchOperation;
import org.kvstore.client.BatchResult;
import org.kvstore.client.KeyValueClient;
import org.kvstore.client.KeyValueException;

/**
 * Writes lines as one batch, in their order, so that the later of two lines with one key wins. Each
 * line succeeds or fails by itself. Used by one thread: the batch pulls the lines as it needs them.
 */
final class Importer implements Iterator<BatchOperation> {
  private final KeyValueClient client;
  private final int maxFailures;
  private final BiConsumer<Long, String> onFailure;
  private final LineReader lines;

  /** Numbers of the lines whose results are not there yet; bounded as the batch is. */
  private final ArrayDeque<Long> sent = new ArrayDeque<>();

  private @Nullable BatchOperation next;
  private boolean ended;
  private long line;
  private long imported;
  private long expired;
  private int failed;
  private int exitCode = ExitCode.OK;

  /**
   * Makes an importer.
   *
   * @param client where to write; not closed
   * @param lines what to write
   * @param maxFailures failed lines after which no more are sent, and as many as are told
   * @param onFailure told the number of a failed line, from 1, and why
   */
  Importer(
      KeyValueClient client,
      LineReader lines,
      int maxFailures,
      BiConsumer<Long, String> onFailure) {
    this.client = client;
    this.lines = lines;
    this.maxFailures = maxFailures;
    this.onFailure = onFailure;
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

  /** Number of lines written so far. */
  long imported() {
    return imported;
  }

  /** Imports all lines, telling {@code afterEach} that one more is done. */
  Report run(Runnable afterEach) throws IOException {
    Stream<BatchOperation> operations =
        StreamSupport.stream(Spliterators.spliteratorUnknownSize(this, Spliterator.ORDERED), false);
    try (Stream<BatchResult> results = client.batch(operations)) {
      results.forEach(
          result -> {
            take(result);
            afterEach.run();
          });
    } catch (UncheckedIOException unreadable) {
      throw unreadable.getCause();
    }
    return new Report(imported, expired, failed, failed >= maxFailures && !ended, exitCode);
  }

  @Override
  public boolean hasNext() {
    while (next == null && !ended && failed < maxFailures) {
      next = read();
    }
    return next != null;
  }

  @Override
  public BatchOperation next() {
    BatchOperation operation = hasNext() ? next : null;
    if (operation == null) {
      throw new NoSuchElementException();
    }
    next = null;
    sent.add(line);
    return operation;
  }

  /** Reads a line; null when there is nothing to send for it. */
  private @Nullable BatchOperation read() {
    try {
      byte[] bytes = lines.next();
      if (bytes == null) {
        ended = true;
        return null;
      }
      line++;
      if (new String(bytes, StandardCharsets.ISO_8859_1).isBlank()) {
        return null;
      }
      ImportLine parsed = ImportLine.parse(bytes);
      if (parsed.isExpired(Instant.now())) {
        expired++;
        return null;
      }
      return parsed.operation();
    } catch (IllegalArgumentException | KeyValueException wrong) {
      fail(line, ExitCode.FAILURE, String.valueOf(wrong.getMessage()));
      return null;
    } catch (IOException unreadable) {
      throw new UncheckedIOException(unreadable);
    }
  }

  private void take(BatchResult result) {
    long number = sent.remove();
    KeyValueException failure = result.failure();
    if (failure == null) {
      imported++;
      return;
    }
    boolean isOutOfReach = Failures.exitCode(failure) == ExitCode.UNAVAILABLE;
    int code = isOutOfReach ? ExitCode.UNAVAILABLE : ExitCode.FAILURE;
    fail(number, code, Failures.sentence(failure));
  }

  private void fail(long number, int code, String reason) {
    failed++;
    exitCode = Math.max(exitCode, code);
    if (failed <= maxFailures) {
      onFailure.accept(number, reason);
    }
  }
}
