package org.kvstore.server.api;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.api.BatchWindow.Line;
import org.kvstore.server.api.Problems.Origin;
import org.kvstore.server.model.Access;
import org.kvstore.server.model.Consistency;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Limits;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.service.KeyValueService;
import org.kvstore.server.service.KeyValueService.BatchPlace;
import org.kvstore.server.service.OperationRequest;
import org.kvstore.server.service.WriteRequest;

/**
 * A running batch. One thread reads lines and submits them, another writes their results in the
 * order of the lines; what is between them is bounded by a {@link BatchWindow}. So many lines share
 * an fsync, the next ones are read meanwhile, and a client may also go line by line: results are
 * sent on before anything is waited for.
 *
 * <p>A read waits for the write of the same key before it.
 */
final class Batch {
  private static final Set<String> OPERATIONS = Set.of("put", "get", "delete");
  private static final long WINDOW_BYTES = 4 << 20;
  private static final int LINE_OVERHEAD = 16 << 10;

  /** What JSON may add to a value by escaping it: six characters for one byte, at the worst. */
  private static final int ESCAPING = 6;

  private final KeyValueService service;
  private final Limits limits;
  private final Access access;
  private final Origin origin;
  private final @Nullable String idempotencyKey;
  private final OperationReader reader;
  private final BatchWindow window;
  private final BatchWrites writes;

  /** The newest write of each key that may be in the window; the reading thread's own. */
  private final Map<Key, CompletableFuture<Outcome>> writing = new HashMap<>();

  private long lines;

  Batch(KeyValueService service, Access access, Origin origin, @Nullable String idempotencyKey) {
    this.service = service;
    this.access = access;
    this.origin = origin;
    this.idempotencyKey = idempotencyKey;
    limits = service.limits();
    reader = new OperationReader(limits);
    window = new BatchWindow(service::batchWindow, WINDOW_BYTES);
    writes = new BatchWrites(service, access, window);
  }

  /**
   * Runs the batch to its end; neither stream is used any more on return.
   *
   * @param place has a thread for the results
   */
  void run(BatchPlace place, PacedInput in, PacedOutput out) throws IOException {
    JsonGenerator results = Json.generator(out);
    // Liberty ignores the first flush of an answer; the first result is to be seen at once.
    results.flush();
    FutureTask<Void> writer = new FutureTask<>(() -> writeResults(results));
    place.start(writer);
    try {
      submitLines(place, new TimedInput(in, limits.bodyWait(), in::nanoTime));
    } catch (InterruptedException e) {
      throw interrupted();
    } finally {
      window.end();
      await(writer);
    }
  }

  /** The streams go back to the container afterwards, so an interrupt does not end the wait. */
  private static void await(FutureTask<Void> writer) throws IOException {
    boolean interrupted = false;
    try {
      while (true) {
        try {
          writer.get();
          return;
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } catch (ExecutionException e) {
      throw new IOException("The results could not be sent.", e.getCause());
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private static IOException interrupted() {
    Thread.currentThread().interrupt();
    return new InterruptedIOException("The server is stopping.");
  }

  private int maxLine() {
    return (int)
        Math.min(Integer.MAX_VALUE / 2, LINE_OVERHEAD + ESCAPING * (long) limits.valueBytes());
  }

  private void submitLines(BatchPlace place, TimedInput in)
      throws IOException, InterruptedException {
    LineReader input = new LineReader(in, maxLine());
    boolean taken = true;
    while (taken && !place.isEnding() && input.next()) {
      if (!input.isBlank()) {
        lines++;
        taken = window.add(submit(input));
        // Not how long it waits for its client's answers counts, but how long for a line.
        in.nextPart();
      }
    }
  }

  private Line submit(LineReader input) throws InterruptedException {
    try {
      OperationRequest operation = parse(input);
      return operation instanceof OperationRequest.Get get
          ? read(get.key())
          : write((WriteRequest) operation, input.lineLength());
    } catch (RuntimeException e) {
      return new Line(CompletableFuture.failedFuture(e), input.lineLength());
    }
  }

  private OperationRequest parse(LineReader input) {
    if (input.isTooLong()) {
      throw KeyValueException.of(
              ErrorCode.TOO_LARGE, "A line has at most %d bytes.".formatted(maxLine()))
          .withField("line")
          .withLimit(maxLine());
    }
    String name = idempotencyKey == null ? null : idempotencyKey + '#' + lines;
    try (JsonParser json = Json.parser(input.buffer(), input.lineStart(), input.lineLength())) {
      json.nextToken();
      OperationRequest operation = reader.read(json, OPERATIONS, name);
      if (json.nextToken() != null) {
        throw KeyValueException.invalid("line", "Something follows the operation on its line.");
      }
      return operation;
    } catch (IOException e) {
      throw Json.malformed("line", e);
    }
  }

  private Line read(Key key) {
    CompletableFuture<Outcome> write = writing.get(key);
    if (write != null) {
      write.exceptionally(failure -> null).join();
    }
    Entry entry =
        service
            .get(access, key, Consistency.LINEARIZABLE)
            .toCompletableFuture()
            .join()
            .orElseThrow(Batch::missing);
    return new Line(
        CompletableFuture.completedFuture(new Outcome.Found(entry)), entry.value().size());
  }

  private Line write(WriteRequest request, int bytes) throws InterruptedException {
    CompletableFuture<Outcome> result = writes.submit(request);
    if (writing.size() > 2 * limits.batchWindow()) {
      writing.values().removeIf(CompletableFuture::isDone);
    }
    writing.put(request.key(), result);
    return new Line(result, bytes);
  }

  private @Nullable Void writeResults(JsonGenerator results)
      throws IOException, InterruptedException {
    try {
      for (Line line = window.first(); line != null; line = window.first()) {
        if (!line.result().isDone()) {
          results.flush();
        }
        writeResult(results, line);
        window.removeFirst();
        if (window.isEmpty()) {
          results.flush();
        }
      }
      results.flush();
      return null;
    } finally {
      window.abandon();
    }
  }

  private void writeResult(JsonGenerator results, Line line) throws IOException {
    try {
      ReplyLine.write(results, line.result().join());
    } catch (CompletionException e) {
      ReplyLine.problem(results, e, origin);
    }
    results.writeRaw('\n');
  }

  private static KeyValueException missing() {
    return KeyValueException.of(ErrorCode.NOT_FOUND, "There is no such key.");
  }
}
