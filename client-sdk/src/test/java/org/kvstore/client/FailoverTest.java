package org.kvstore.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.kvstore.api.ErrorCode;

/** What a client of several nodes does when one of them fails: over real sockets, rule by rule. */
class FailoverTest {
  private static final Duration HASTE = Duration.ofMillis(300);

  private final FakeCluster cluster = new FakeCluster(3);
  private final FakeNode first = cluster.node(0);
  private final FakeNode second = cluster.node(1);
  private final FakeNode third = cluster.node(2);
  private final KeyValueClient kv = cluster.client().build();
  private final KeyValueClient nameless = cluster.client().idempotencyKeys(false).build();
  private final KeyValueClient hasty = cluster.client().readTimeout(HASTE).build();

  @AfterEach
  void close() {
    Stream.of(kv, nameless, hasty).forEach(KeyValueClient::close);
    cluster.close();
  }

  private static List<String> names(FakeNode node) {
    return node.requests().stream().map(request -> String.valueOf(request.name())).toList();
  }

  private void allAnswer(ErrorCode code, String retryAfter) {
    Stream.of(first, second, third).forEach(node -> node.answer(code, retryAfter));
  }

  private static Duration timeOf(Runnable action) {
    long start = System.nanoTime();
    action.run();
    return Duration.ofNanos(System.nanoTime() - start);
  }

  @Test
  void healthyNode_isAskedEachTime() {
    for (int i = 0; i < 10; i++) {
      kv.put("a", "x");
    }
    assertThat(first.requests()).hasSize(10);
    assertThat(second.requests()).isEmpty();
    assertThat(third.requests()).isEmpty();
  }

  @Test
  void writes_haveDifferentNames_andReadsNone() {
    kv.put("a", "x");
    kv.put("a", "x");
    kv.put("a", "x", PutOptions.none().withIdempotencyKey("mine"));
    kv.get("a");
    assertThat(names(first)).doesNotHaveDuplicates().contains("mine").endsWith("null");
    assertThat(names(first).get(0)).hasSize(36);
  }

  @Test
  void connectionRefused_anotherNodeIsAsked_forAnyRequest() {
    first.stop();
    assertThat(nameless.put("a", "x").created()).isTrue();
    assertThat(nameless.get("a")).isPresent();
    assertThat(names(second)).containsExactly("null", "null");
  }

  @Test
  void connectionBreaks_readIsRepeated() {
    kv.put("a", "x");
    for (int i = 0; i < 10; i++) { // The HTTP client may repeat a GET by itself.
      first.breakBeforeDoing();
    }
    assertThat(kv.get("a").map(Entry::text)).contains("x");
    assertThat(second.requests()).hasSize(1);
  }

  @Test
  void connectionBreaks_namedWriteIsRepeated_underItsName() {
    first.breakBeforeDoing();
    assertThat(kv.put("a", "x").created()).isTrue();
    assertThat(names(first)).isEqualTo(names(second)).hasSize(1);
  }

  @Test
  void connectionBreaks_namelessWriteIsNotRepeated() {
    first.breakBeforeDoing();
    assertThatThrownBy(() -> nameless.put("a", "x")).isInstanceOf(IndeterminateException.class);
    assertThat(first.requests()).hasSize(1);
    assertThat(second.requests()).isEmpty();
  }

  @Test
  void connectionBreaks_namelessDeleteIsNotRepeated() {
    nameless.put("a", "x");
    first.breakAfterDoing();
    assertThatThrownBy(() -> nameless.delete("a")).isInstanceOf(IndeterminateException.class);
    assertThat(first.requests()).hasSize(2);
    assertThat(second.requests()).isEmpty();
  }

  @Test
  void connectionBreaks_writeThatTheCallerNamed_isRepeated() {
    first.breakBeforeDoing();
    nameless.put("a", "x", PutOptions.none().withIdempotencyKey("mine"));
    assertThat(names(second)).containsExactly("mine");
  }

  @Test
  void conditionalWrite_whoseAnswerIsLost_isAnsweredAsTheFirstTime() {
    first.breakAfterDoing();
    assertThat(kv.put("a", "x", PutOptions.ifAbsent()).created()).isTrue();
    assertThat(cluster.store().get("a").version()).isEqualTo(1);
    first.breakAfterDoing();
    second.breakAfterDoing();
    assertThat(kv.delete("a")).isTrue();
  }

  @Test
  void unavailable_anotherNodeIsAskedAtOnce_forAnyRequest() {
    first.answer(ErrorCode.UNAVAILABLE, "60");
    assertThat(nameless.put("a", "x").created()).isTrue();
    assertThat(second.requests()).hasSize(1);
  }

  @Test
  void unavailableEverywhere_isRepeatedAfterTheTimeAskedFor() {
    allAnswer(ErrorCode.UNAVAILABLE, "1");
    Duration took = timeOf(() -> nameless.put("a", "x"));
    assertThat(took).isGreaterThanOrEqualTo(Duration.ofSeconds(1));
    assertThat(cluster.store().get("a").version()).isEqualTo(1);
  }

  @Test
  void unavailableEverywhere_forLongerThanThereIsTime_isThrownAtOnce() {
    allAnswer(ErrorCode.UNAVAILABLE, "60");
    UnavailableException failed =
        catchThrowableOfType(UnavailableException.class, () -> kv.put("a", "x"));
    assertThat(failed).hasMessageContaining("(sent 3 times)");
    assertThat(failed.retryAfter()).contains(Duration.ofSeconds(60));
  }

  @Test
  void tooManyRequests_theSameNodeIsAskedAgain_afterTheTimeAskedFor() {
    first.answer(ErrorCode.TOO_MANY_REQUESTS, "1");
    Duration took = timeOf(() -> nameless.put("a", "x"));
    assertThat(took).isGreaterThanOrEqualTo(Duration.ofSeconds(1));
    assertThat(first.requests()).hasSize(2);
    assertThat(second.requests()).isEmpty();
  }

  @Test
  void hungNode_readAndNamedWriteGoOnElsewhere() {
    first.hang();
    assertThat(hasty.put("a", "x").created()).isTrue();
    second.hang();
    assertThat(hasty.get("a")).isPresent();
    assertThat(third.requests()).hasSize(1);
  }

  @Test
  void hungNode_namelessWriteIsNotRepeated() {
    first.hang();
    try (KeyValueClient both = cluster.client().readTimeout(HASTE).idempotencyKeys(false).build()) {
      assertThatThrownBy(() -> both.put("a", "x")).isInstanceOf(IndeterminateException.class);
      assertThat(second.requests()).isEmpty();
      both.put("a", "x");
      assertThat(second.requests()).hasSize(1);
    }
  }

  @Test
  void indeterminate_readAndNamedWriteAreRepeated_namelessWriteIsNot() {
    first.answer(ErrorCode.INDETERMINATE, null);
    assertThat(kv.put("a", "x").created()).isTrue();
    second.answer(ErrorCode.INDETERMINATE, null);
    assertThat(kv.get("a")).isPresent();
    first.answer(ErrorCode.INDETERMINATE, null);
    assertThatThrownBy(() -> nameless.put("a", "x")).isInstanceOf(IndeterminateException.class);
  }

  @ParameterizedTest
  @EnumSource(
      names = {"UNAVAILABLE", "TOO_MANY_REQUESTS", "INDETERMINATE"},
      mode = EnumSource.Mode.EXCLUDE)
  void anyOtherProblem_isThrownAtOnce(ErrorCode code) {
    first.answer(code, null);
    KeyValueException failed =
        catchThrowableOfType(KeyValueException.class, () -> kv.put("a", "x"));
    assertThat(failed.code()).contains(code);
    assertThat(second.requests()).isEmpty();
  }

  @Test
  void answerOfSomebodyElse_eachNodeIsAskedOnce() {
    Stream.of(first, second, third).forEach(node -> node.answerHtml(404));
    assertThatThrownBy(() -> kv.get("a")).isExactlyInstanceOf(KeyValueException.class);
    assertThat(Stream.of(first, second, third).map(node -> node.requests().size()))
        .containsExactly(1, 1, 1);
  }

  @Test
  void answerOfSomebodyElse_whileOthersAreUnavailable_isAskedForAgain() {
    first.answer(ErrorCode.UNAVAILABLE, "1");
    second.answer(ErrorCode.UNAVAILABLE, "1");
    third.answerHtml(404).answerHtml(404);
    assertThat(kv.put("a", "x").created()).isTrue();
    assertThat(cluster.store().get("a").version()).isEqualTo(1);
  }

  @Test
  void outcomeUnknown_thenUnavailable_staysUnknown() {
    first.breakAfterDoing();
    second.answer(ErrorCode.UNAVAILABLE, "60");
    third.answer(ErrorCode.UNAVAILABLE, "60");
    assertThatThrownBy(() -> kv.put("a", "x"))
        .isInstanceOf(IndeterminateException.class)
        .hasMessageStartingWith(ErrorCode.INDETERMINATE.title())
        .hasMessageContainingAll(ErrorCode.UNAVAILABLE.title(), "(sent 3 times)");
  }

  @ParameterizedTest
  @ValueSource(ints = {200, 502, 504, 520})
  void answerOfSomebodyElse_thatMayHaveBeenAWrite_thenUnavailable_staysUnknown(int status) {
    first.answerHtml(status);
    second.answer(ErrorCode.UNAVAILABLE, "60");
    third.answer(ErrorCode.UNAVAILABLE, "60");
    assertThatThrownBy(() -> kv.put("a", "x"))
        .isInstanceOf(IndeterminateException.class)
        .hasMessageContainingAll(ErrorCode.UNAVAILABLE.title(), "(sent 3 times)");
  }

  @Test
  void refusalOfSomebodyElse_orAnyAnswerToARead_thenUnavailable_isUnavailable() {
    first.answerHtml(404);
    second.answer(ErrorCode.UNAVAILABLE, "60").answer(ErrorCode.UNAVAILABLE, "60");
    third.answer(ErrorCode.UNAVAILABLE, "60").answer(ErrorCode.UNAVAILABLE, "60");
    assertThatThrownBy(() -> kv.put("a", "x")).isInstanceOf(UnavailableException.class);
    try (KeyValueClient fresh = cluster.client().build()) {
      first.answerHtml(520);
      assertThatThrownBy(() -> fresh.get("a")).isInstanceOf(UnavailableException.class);
    }
  }

  @Test
  void outcomeUnknown_thenForbidden_staysUnknown() {
    first.breakAfterDoing();
    second.answer(ErrorCode.FORBIDDEN, null);
    assertThatThrownBy(() -> kv.put("a", "x")).isInstanceOf(IndeterminateException.class);
  }

  @Test
  void outcomeUnknown_thenRefusedByItsCondition_isSettled() {
    cluster.store().put("a", new byte[0], null, null);
    first.breakBeforeDoing();
    assertThatThrownBy(() -> kv.put("a", "x", PutOptions.ifAbsent()))
        .isInstanceOf(PreconditionFailedException.class);
  }

  @Test
  void allHang_theCallerIsToldInTime() {
    Stream.of(first, second, third).forEach(FakeNode::hang);
    try (KeyValueClient bounded =
        cluster.client().readTimeout(Duration.ofSeconds(20)).totalTimeout(HASTE).build()) {
      Duration took =
          timeOf(
              () ->
                  assertThatThrownBy(() -> bounded.put("a", "x"))
                      .isInstanceOf(IndeterminateException.class));
      assertThat(took).isBetween(HASTE, HASTE.multipliedBy(10));
      assertThatThrownBy(() -> bounded.get("a")).isInstanceOf(UnavailableException.class);
    }
  }

  @Test
  void lastTry_isCutShortByTheDeadline() {
    first.answer(ErrorCode.UNAVAILABLE, null);
    second.hang();
    Duration slow = Duration.ofSeconds(20);
    try (KeyValueClient bounded =
        cluster.client().readTimeout(slow).totalTimeout(HASTE.multipliedBy(2)).build()) {
      Duration took =
          timeOf(
              () ->
                  assertThatThrownBy(() -> bounded.put("a", "x"))
                      .isInstanceOf(IndeterminateException.class)
                      .hasMessageContaining("in time"));
      assertThat(took).isLessThan(slow);
    }
  }

  @Test
  void async_goesOnElsewhere_asWell() {
    first.breakAfterDoing();
    Written written =
        kv.putAsync("a", Value.of("x"), PutOptions.none()).toCompletableFuture().join();
    assertThat(written.created()).isTrue();
    second.answer(ErrorCode.UNAVAILABLE, "1");
    assertThat(kv.getAsync("a").toCompletableFuture().join()).isPresent();
    assertThat(kv.getAsync("b").toCompletableFuture().join()).isEmpty();
    assertThat(names(first)).isEqualTo(names(second).subList(0, 1));
  }

  @Test
  void async_allHang_theCallerIsToldInTime() {
    Stream.of(first, second, third).forEach(FakeNode::hang);
    try (KeyValueClient bounded = cluster.client().totalTimeout(HASTE).build()) {
      var stage = bounded.putAsync("a", Value.of("x"), PutOptions.none()).toCompletableFuture();
      assertThatThrownBy(stage::join)
          .isInstanceOf(CompletionException.class)
          .hasCauseInstanceOf(IndeterminateException.class);
    }
  }

  @Test
  void interruptedInAPause_theFailureIsThrown_andTheInterruptKept() {
    allAnswer(ErrorCode.UNAVAILABLE, "20");
    try {
      Thread.currentThread().interrupt();
      assertThatThrownBy(() -> kv.put("a", "x")).isInstanceOf(UnavailableException.class);
      assertThat(Thread.currentThread().isInterrupted()).isTrue();
    } finally {
      assertThat(Thread.interrupted()).isTrue();
    }
  }

  @Test
  void await_endsInItsOwnTime_whenNodesHang() {
    Stream.of(first, second, third).forEach(FakeNode::hang);
    Duration took =
        timeOf(
            () ->
                assertThatThrownBy(() -> kv.await("a", null, Duration.ofSeconds(1)))
                    .isInstanceOf(UnavailableException.class));
    assertThat(took).isLessThan(KeyValueClientBuilder.CLUSTER_READ_TIMEOUT);
  }

  @Test
  void oneAddress_isAskedOnce_withoutNames() {
    first.answer(ErrorCode.UNAVAILABLE, "0");
    try (KeyValueClient one = KeyValueClient.connect(first.uri().toString())) {
      assertThatThrownBy(() -> one.put("a", "x")).isInstanceOf(UnavailableException.class);
    }
    assertThat(names(first)).containsExactly("null");
  }

  @Test
  void oneAddress_withATotalTimeout_isAskedAgain() {
    first.answer(ErrorCode.UNAVAILABLE, "0").breakAfterDoing();
    try (KeyValueClient one =
        KeyValueClient.builder(first.uri()).totalTimeout(Duration.ofSeconds(20)).build()) {
      assertThat(one.put("a", "x").created()).isTrue();
    }
    assertThat(names(first)).hasSize(3).doesNotContain("null");
    assertThat(cluster.store().get("a").version()).isEqualTo(1);
  }
}
