package org.kvstore.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.ByteArrayInputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.kvstore.api.ErrorCode;

/** Watches, batches and other streams, when the node that serves them fails. */
class ClusterStreamsTest {
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private final FakeCluster cluster = new FakeCluster(3);
  private final FakeNode first = cluster.node(0);
  private final FakeNode second = cluster.node(1);
  private final FakeNode third = cluster.node(2);
  private final KeyValueClient kv = cluster.client().watchSilence(Duration.ofMillis(500)).build();

  @AfterEach
  void close() {
    kv.close();
    cluster.close();
  }

  private static List<String> changes(Watch watch, int count) throws InterruptedException {
    List<String> changes = new ArrayList<>();
    while (changes.size() < count) {
      WatchEvent event =
          watch.next(PATIENCE).orElseThrow(() -> new AssertionError("nothing came in time"));
      if (event instanceof WatchEvent.Changed changed) {
        changes.add(changed.key() + "@" + changed.position());
      }
    }
    return changes;
  }

  @Test
  void watch_nodeDiesInMidRevision_goesOnElsewhere_withoutGapOrDouble()
      throws InterruptedException {
    first.watch().progress("p0").put("a", 1, "p1").put("b", 2).cut();
    second.watch().put("b", 2).put("c", 2, "p2");
    try (Watch watch = kv.watch(WatchOptions.prefix(""))) {
      assertThat(changes(watch, 3)).containsExactly("a@p1", "b@p2", "c@p2");
      assertThat(second.watch().lastEventIds()).first().isEqualTo("p1");
    }
  }

  @Test
  void watch_nodeIsSilent_isLeft() throws InterruptedException {
    first.watch().progress("p0").put("a", 1, "p1");
    second.watch().put("b", 2, "p2");
    try (Watch watch = kv.watch(WatchOptions.prefix(""))) {
      assertThat(changes(watch, 2)).containsExactly("a@p1", "b@p2");
      assertThat(second.watch().lastEventIds()).first().isEqualTo("p1");
    }
  }

  @Test
  void watch_firstNodesCannot_beginsElsewhere() throws InterruptedException {
    first.stop();
    second.answer(ErrorCode.UNAVAILABLE, "60");
    third.watch().progress("p0").put("a", 1, "p1");
    try (Watch watch = kv.watch(WatchOptions.prefix(""))) {
      assertThat(changes(watch, 1)).containsExactly("a@p1");
    }
  }

  @Test
  void watch_goesOnElsewhere_pastANodeThatHasNotStartedYet() throws InterruptedException {
    first.watch().progress("p0").put("a", 1, "p1").cut();
    second.answerHtml(404);
    third.watch().put("b", 1, "p2");
    try (Watch watch = kv.watch(WatchOptions.prefix(""))) {
      assertThat(changes(watch, 2)).containsExactly("a@p1", "b@p2");
      assertThat(second.requests()).hasSize(1);
    }
  }

  @Test
  void watch_noNodeCan_isThrown() {
    Stream.of(first, second, third).forEach(FakeNode::stop);
    assertThatThrownBy(() -> kv.watch(WatchOptions.prefix("")))
        .isInstanceOf(UnavailableException.class);
  }

  private static Stream<BatchOperation> puts(int count) {
    return IntStream.range(0, count).mapToObj(i -> BatchOperation.put("k" + i, "v" + i));
  }

  @Test
  void batch_answerIsCut_restComesFromAnotherNode_nothingIsDoneTwice() {
    first.cutAfter(3);
    first.stopAfterNext();
    assertThat(kv.batch(puts(10)).map(result -> result.orThrow().etag()))
        .containsExactlyElementsOf(
            IntStream.rangeClosed(1, 10).mapToObj(i -> "\"" + i + "\"").toList());
    assertThat(cluster.store().revision()).isEqualTo(10);
    assertThat(second.requests()).hasSize(1);
  }

  @Test
  void batch_answerIsCutTwice_stillEachResultOnce() {
    first.cutAfter(3).cutAfter(1).cutAfter(7);
    assertThat(kv.batch(puts(10)).map(BatchResult::status)).hasSize(10).containsOnly(201);
    assertThat(cluster.store().revision()).isEqualTo(10);
  }

  @Test
  void batch_withoutKeys_answerIsCut_restIsIndeterminate() {
    first.cutAfter(3);
    try (KeyValueClient nameless = cluster.client().idempotencyKeys(false).build()) {
      List<BatchResult> results = nameless.batch(puts(10)).toList();
      assertThat(results.subList(0, 3)).allMatch(BatchResult::isSuccess);
      assertThat(results.subList(3, 10))
          .allMatch(result -> result.failure() instanceof IndeterminateException);
    }
    assertThat(second.requests()).isEmpty();
  }

  @Test
  void batch_answerIsCut_thenNobodyCan_restIsIndeterminate() {
    first.cutAfter(3);
    Stream.of(first, second, third).forEach(node -> node.answer(ErrorCode.UNAVAILABLE, "60"));
    List<BatchResult> results = kv.batch(puts(10)).toList();
    assertThat(results.subList(3, 10))
        .allMatch(result -> result.failure() instanceof IndeterminateException);
  }

  @Test
  void restore_goesToANodeThatCanBeReached() {
    first.stop();
    byte[] archive = {1, 2, 3};
    assertThatThrownBy(() -> kv.restore(new ByteArrayInputStream(archive)))
        .isInstanceOf(KeyNotFoundException.class);
    assertThat(second.requests()).hasSize(1);
    assertThat(second.requests().get(0).body()).hasSize(3);
  }

  @Test
  void ready_whenAnyNodeIs() {
    first.stop();
    second.answer(ErrorCode.UNAVAILABLE, null);
    third.answer(ErrorCode.UNAVAILABLE, null);
    assertThat(kv.isReady()).isFalse();
    assertThat(kv.isReady()).isTrue();
  }

  @Test
  void listOfNodes_isAskedFor_andUsed() {
    first.tellOf(first, second);
    try (KeyValueClient one =
        KeyValueClient.builder(first.uri())
            .nodeRefresh(Duration.ofMinutes(1))
            .random(new FakeCluster.InOrder())
            .build()) {
      assertThat(one.cluster().orElseThrow().nodes()).hasSize(2);
      // Once for the caller, and once for the client itself.
      await().until(() -> first.listsTold() == 2);
      first.stop();
      assertThat(one.put("a", "x").created()).isTrue();
    }
    assertThat(second.requests()).isNotEmpty();
  }

  @Test
  void noCluster_isEmpty_andTheListStays() {
    try (KeyValueClient refreshing = cluster.client().nodeRefresh(Duration.ofMinutes(1)).build()) {
      assertThat(refreshing.cluster()).isEmpty();
      assertThat(refreshing.put("a", "x").created()).isTrue();
    }
  }
}
