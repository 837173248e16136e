package org.kvstore.server.replication.raft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.replication.raft.TestCluster.TestNode;
import org.kvstore.server.store.TestLimits;
import org.kvstore.server.store.Writes;

/** Writes at any node are read at any other; without a majority none is taken. */
class RaftReplicatorTest {
  @TempDir Path parent;
  private TestCluster cluster;

  @BeforeEach
  void open() throws Exception {
    cluster = new TestCluster(parent, 3, 2);
  }

  @AfterEach
  void close() {
    cluster.close();
  }

  @Test
  void writeAtOneNode_isReadAtAll() throws Exception {
    cluster.startAll();
    List<TestNode> nodes = cluster.running();
    for (int i = 0; i < 60; i++) {
      Outcome outcome =
          TestCluster.await(nodes.get(i % 3).replicator().submit(Writes.put("k" + i, "v" + i)));
      assertThat(outcome).isInstanceOf(Outcome.Written.class);
      TestNode reader = nodes.get((i + 1) % 3);
      TestCluster.await(reader.replicator().readBarrier());
      assertThat(value(reader, "k" + i)).isEqualTo("v" + i);
    }
  }

  /** A heartbeat tells them too, but as late as most of a second. */
  @Test
  void writeThatNoOtherFollows_isAppliedByFollowersSoon() throws Exception {
    cluster.startAll();
    TestNode leader = cluster.node(cluster.leader());
    TestNode follower = cluster.node(cluster.follower());
    List<Long> millis = new ArrayList<>();
    for (int i = 0; i < 15; i++) {
      String key = "k" + i;
      TestCluster.await(leader.replicator().submit(Writes.put(key, "v")));
      long began = System.nanoTime();
      Awaitility.await()
          .pollInterval(Duration.ofMillis(1))
          .until(() -> follower.stores().get(0).get(Key.of(key)) != null);
      millis.add(Duration.ofNanos(System.nanoTime() - began).toMillis());
    }
    millis.sort(Comparator.naturalOrder());
    assertThat(millis.get(millis.size() / 2)).isLessThan(3 * PromptAppender.NEWS_MILLIS);
  }

  @Test
  void shards_areApart() throws Exception {
    cluster.startAll();
    TestNode node = cluster.node("n1");
    TestCluster.await(node.replicators().get(1).submit(Writes.put("k", "v")));
    assertThat(node.stores().get(0).get(Key.of("k"))).isNull();
    TestCluster.await(node.replicators().get(1).readBarrier());
    assertThat(node.stores().get(1).get(Key.of("k"))).isNotNull();
  }

  @Test
  void writesOfOneCaller_areAppliedInTheirOrder_overALeaderChange() throws Exception {
    cluster.startAll();
    String leader = cluster.leader();
    TestNode follower = cluster.node(cluster.follower());
    List<CompletionStage<Outcome>> outcomes = new ArrayList<>();
    for (int i = 0; i < 2_000; i++) {
      outcomes.add(follower.replicator().submit(Writes.put("k", "v" + i)));
      if (i == 1_000) {
        TestCluster.await(outcomes.get(500));
        cluster.stop(leader);
      }
    }
    long before = 0;
    for (CompletionStage<Outcome> outcome : outcomes) {
      long revision = ((Outcome.Written) TestCluster.await(outcome)).modRevision();
      assertThat(revision).isGreaterThan(before);
      before = revision;
    }
    assertThat(before).isEqualTo(2_000);
  }

  @Test
  void withoutAMajority_writesAreRefused_andReadsToo() throws Exception {
    cluster.with(TestLimits.with(Map.of("writeWait", Duration.ofSeconds(1))));
    TestNode alone = cluster.start("n1");

    CompletionStage<Outcome> write = alone.replicator().submit(Writes.put("k", "v"));

    Awaitility.await()
        .until(
            () -> {
              alone.replicator().sweep();
              return write.toCompletableFuture().isDone();
            });
    assertThat(code(write)).isEqualTo(ErrorCode.UNAVAILABLE);
    assertThat(code(alone.replicator().readBarrier())).isEqualTo(ErrorCode.UNAVAILABLE);
    assertThat(alone.replicator().leads()).isFalse();
  }

  /** Ratis would answer for a commit index that was confirmed once, without asking again. */
  @Test
  void leaderWhoseFollowersAreGone_readsNothingAsNewest_thoughItStillLeads() throws Exception {
    cluster.startAll();
    String leader = cluster.leader();
    TestNode alone = cluster.node(leader);
    TestCluster.await(alone.replicator().submit(Writes.put("k", "v")));
    TestCluster.await(alone.replicator().readBarrier());

    cluster.members().stream()
        .map(Member::id)
        .filter(id -> !id.equals(leader))
        .forEach(cluster::stop);

    CompletionStage<Void> barrier = alone.replicator().readBarrier();
    assertThat(alone.replicator().leads()).isTrue();
    assertThat(code(barrier)).isEqualTo(ErrorCode.UNAVAILABLE);
  }

  @Test
  void close_leavesNoWriteUnanswered() throws Exception {
    cluster.startAll();
    TestNode node = cluster.node(cluster.follower());
    List<CompletionStage<Outcome>> outcomes = new ArrayList<>();
    IntStream.range(0, 500)
        .forEach(i -> outcomes.add(node.replicator().submit(Writes.put("k" + i, "v"))));

    node.replicator().close();

    for (CompletionStage<Outcome> outcome : outcomes) {
      assertThat(TestCluster.await(outcome)).isInstanceOf(Outcome.Written.class);
    }
    assertThat(code(node.replicator().submit(Writes.put("k", "v"))))
        .isEqualTo(ErrorCode.UNAVAILABLE);
  }

  @Test
  void answers_areGivenByTheExecutor() throws Exception {
    cluster.startAll();
    TestNode node = cluster.node("n1");
    AtomicReference<String> ofWrite = new AtomicReference<>();
    AtomicReference<String> ofRead = new AtomicReference<>();
    CompletableFuture<?> write =
        node.replicator()
            .submit(Writes.put("k", "v"))
            .thenRun(() -> ofWrite.set(Thread.currentThread().getName()))
            .toCompletableFuture();
    TestCluster.await(write);
    TestCluster.await(
        node.replicator()
            .readBarrier()
            .thenRun(() -> ofRead.set(Thread.currentThread().getName())));
    assertThat(List.of(ofWrite.get(), ofRead.get())).allMatch(name -> name.startsWith("answer"));
  }

  private static ErrorCode code(CompletionStage<?> stage) {
    Throwable failure = catchThrowable(() -> TestCluster.await(stage));
    assertThat(failure).isInstanceOf(ExecutionException.class);
    return ((KeyValueException) Objects.requireNonNull(failure.getCause())).code();
  }

  private static String value(TestNode node, String key) {
    return Objects.requireNonNull(node.store().get(Key.of(key))).value().toUtf8();
  }
}
