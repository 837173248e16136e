package org.kvstore.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.kvstore.api.ErrorCode;
import org.kvstore.api.MediaTypes;

/** Batches: order, results and failures line by line, and how much is under way. */
class BatchTest {
  private final FakeServer server = new FakeServer();
  private final KeyValueClient kv = KeyValueClient.connect(server.uri().toString());

  @AfterEach
  void close() {
    kv.close();
    server.close();
  }

  private static Stream<BatchOperation> puts(int count) {
    return IntStream.range(0, count).mapToObj(i -> BatchOperation.put("k" + i, "v" + i));
  }

  @Test
  void results_areInOrderAndTyped() {
    List<BatchOperation> operations =
        List.of(
            BatchOperation.put("a", "one"),
            BatchOperation.put("a", Value.of(new byte[] {(byte) 0xff}), PutOptions.none()),
            BatchOperation.get("a"),
            BatchOperation.put("a", Value.of("x"), PutOptions.ifAbsent()),
            new BatchOperation.Delete("a", "2"),
            BatchOperation.get("a"));

    List<BatchResult> results = kv.batch(operations.stream()).toList();

    assertThat(results).extracting(BatchResult::operation).isEqualTo(operations);
    assertThat(results)
        .extracting(BatchResult::status)
        .containsExactly(201, 204, 200, 412, 204, 404);
    assertThat(results.get(1).etag()).isEqualTo("\"2\"");
    Entry read = Objects.requireNonNull(results.get(2).orThrow().entry());
    assertThat(read.value().bytes()).containsExactly(0xff);
    assertThat(results.get(3).failure()).isInstanceOf(PreconditionFailedException.class);
    assertThat(results.get(3).etag()).isEqualTo("\"2\"");
    assertThatThrownBy(() -> results.get(5).orThrow()).isInstanceOf(KeyNotFoundException.class);
  }

  @Test
  void manyOperations_goInPieces_inOrder() {
    assertThat(kv.batch(puts(2500)).map(result -> result.operation().key()))
        .hasSize(2500)
        .startsWith("k0", "k1")
        .endsWith("k2499")
        .doesNotHaveDuplicates();
    assertThat(server.requests()).hasSize(3);
    assertThat(server.store().range("")).hasSize(2500);
  }

  @Test
  void largeOperations_goInSmallPieces() {
    Value large = Value.of(new byte[600_000]);
    Stream<BatchOperation> operations =
        IntStream.range(0, 5).mapToObj(i -> BatchOperation.put("k" + i, large, PutOptions.none()));
    assertThat(kv.batch(operations)).allMatch(BatchResult::isSuccess);
    assertThat(server.requests()).hasSizeBetween(2, 5);
  }

  @Test
  void endlessOperations_areTakenAsResultsAreUsed() {
    AtomicInteger taken = new AtomicInteger();
    Stream<BatchOperation> endless =
        Stream.generate(() -> BatchOperation.put("k", "v" + taken.incrementAndGet()));
    try (Stream<BatchResult> results = kv.batch(endless)) {
      assertThat(results.limit(1500)).hasSize(1500);
    }
    assertThat(taken.get()).isBetween(1500, 2 * Batch.MAX_OPERATIONS + 1);
  }

  @Test
  void noOperation_sendsNothing() {
    assertThat(kv.batch(Stream.empty())).isEmpty();
    assertThat(server.requests()).isEmpty();
  }

  @Test
  void pieceIsRefused_eachOfItsOperationsFails_othersGoOn() {
    server.failNext(ErrorCode.TOO_MANY_REQUESTS);
    List<BatchResult> results = kv.batch(puts(1500)).toList();
    assertThat(results.subList(0, 1000))
        .allMatch(result -> result.failure() instanceof TooManyRequestsException);
    assertThat(results.subList(1000, 1500)).allMatch(BatchResult::isSuccess);
  }

  @Test
  void answerEndsTooEarly_theRestIsIndeterminate() {
    server.answerNext(200, MediaTypes.NDJSON, "{\"status\":201,\"etag\":\"\\\"1\\\"\"}\n");
    List<BatchResult> results = kv.batch(puts(3)).toList();
    assertThat(results.get(0).isSuccess()).isTrue();
    assertThat(results.subList(1, 3))
        .allMatch(result -> result.failure() instanceof IndeterminateException);
  }

  @Test
  void invalidOperation_isRefusedWhenItIsMade() {
    assertThatThrownBy(() -> BatchOperation.get("a//b"))
        .isInstanceOf(InvalidRequestException.class);
    assertThatThrownBy(
            () ->
                BatchOperation.put("a", Value.of(""), PutOptions.none().withIdempotencyKey("once")))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
