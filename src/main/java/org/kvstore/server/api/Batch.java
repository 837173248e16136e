package org.kvstore.server.api;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.api.Problems.Origin;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Limits;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.service.KeyValueService;
import org.kvstore.server.service.OperationRequest;
import org.kvstore.server.service.WriteRequest;

/**
 * A running batch: a window of lines that wait for their commit slides over the input, so that many
 * share an fsync and the next ones are read meanwhile, while memory stays bounded. Results go out
 * in the order of the lines.
 *
 * <p>A read waits for the write of the same key before it. Before the batch waits for its client it
 * answers everything it has, so a client may also go line by line.
 */
final class Batch {
  private static final Set<String> OPERATIONS = Set.of("put", "get", "delete");
  private static final long WINDOW_BYTES = 4 << 20;
  private static final int LINE_OVERHEAD = 16 << 10;

  /** What JSON may add to a value by escaping it: six characters for one byte, at the worst. */
  private static final int ESCAPING = 6;

  private final KeyValueService service;
  private final Limits limits;
  private final Origin origin;
  private final @Nullable String idempotencyKey;
  private final OperationReader reader;
  private final ArrayDeque<Line> window = new ArrayDeque<>();

  /** The newest write of each key that is written in the window. */
  private final Map<Key, CompletableFuture<Outcome>> writing = new HashMap<>();

  private long windowBytes;
  private long lines;

  Batch(KeyValueService service, Origin origin, @Nullable String idempotencyKey) {
    this.service = service;
    this.origin = origin;
    this.idempotencyKey = idempotencyKey;
    limits = service.limits();
    reader = new OperationReader(limits);
  }

  /**
   * A line in the window.
   *
   * @param key what it writes, or null
   * @param bytes what it holds in memory, about
   */
  private record Line(@Nullable Key key, CompletableFuture<Outcome> result, long bytes) {}

  void run(InputStream in, OutputStream out) throws IOException {
    LineReader input = new LineReader(in, maxLine());
    JsonGenerator results = Json.generator(out);
    while (true) {
      if (!input.hasLine() && in.available() == 0) {
        finish(results);
        results.flush();
      }
      if (!input.next()) {
        break;
      }
      if (!input.isBlank()) {
        start(input, results);
      }
    }
    finish(results);
    results.flush();
  }

  private int maxLine() {
    return (int)
        Math.min(Integer.MAX_VALUE / 2, LINE_OVERHEAD + ESCAPING * (long) limits.valueBytes());
  }

  private void start(LineReader input, JsonGenerator results) throws IOException {
    lines++;
    Line line;
    try {
      OperationRequest operation = parse(input);
      line =
          operation instanceof OperationRequest.Get get
              ? read(get.key())
              : write((WriteRequest) operation, input.lineLength(), results);
    } catch (RuntimeException e) {
      line = new Line(null, CompletableFuture.failedFuture(e), input.lineLength());
    }
    window.add(line);
    windowBytes += line.bytes();
    while (window.size() > limits.batchWindow() || windowBytes > WINDOW_BYTES) {
      finishFirst(results);
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
    Entry entry = service.get(key).orElseThrow(Batch::missing);
    return new Line(
        null, CompletableFuture.completedFuture(new Outcome.Found(entry)), entry.value().size());
  }

  private Line write(WriteRequest request, int bytes, JsonGenerator results) throws IOException {
    CompletableFuture<Outcome> result = submit(request);
    if (isRefused(result) && !window.isEmpty()) {
      finish(results);
      result = submit(request);
    }
    writing.put(request.key(), result);
    return new Line(request.key(), result, bytes);
  }

  private CompletableFuture<Outcome> submit(WriteRequest request) {
    return request instanceof WriteRequest.Put put
        ? service.put(put).<Outcome>thenApply(written -> written).toCompletableFuture()
        : service
            .delete((WriteRequest.Delete) request)
            .<Outcome>thenApply(deleted -> deleted)
            .toCompletableFuture();
  }

  /** Whether the queue was full: what the batch itself has in it makes room. */
  private static boolean isRefused(CompletableFuture<Outcome> result) {
    return result.isCompletedExceptionally();
  }

  /** Writes the results of all lines in the window, waiting for their commits. */
  private void finish(JsonGenerator results) throws IOException {
    while (!window.isEmpty()) {
      finishFirst(results);
    }
  }

  private void finishFirst(JsonGenerator results) throws IOException {
    Line line = window.remove();
    try {
      ReplyLine.write(results, line.result().join());
    } catch (CompletionException e) {
      ReplyLine.problem(results, e, origin);
    }
    results.writeRaw('\n');
    windowBytes -= line.bytes();
    if (line.key() != null) {
      writing.remove(line.key(), line.result());
    }
  }

  private static KeyValueException missing() {
    return KeyValueException.of(ErrorCode.NOT_FOUND, "There is no such key.");
  }
}
