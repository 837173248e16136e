package org.kvstore.server.replication.raft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.replication.raft.ShardStatus.Replica;
import org.kvstore.server.replication.raft.ShardStatus.Role;
import org.kvstore.server.store.Writes;

/** Each node says who leads, how far everybody is, and how old its own state may be. */
class ObserverTest {
  @TempDir Path parent;
  private TestCluster cluster;

  @BeforeEach
  void open() throws Exception {
    cluster = new TestCluster(parent, 3, 1).startAll();
    cluster.write("n1", Writes.put("k", "v"));
  }

  @AfterEach
  void close() {
    cluster.close();
  }

  private ShardStatus status(String id) {
    return cluster.node(id).raft().describe().get(0);
  }

  @Test
  void leader_knowsTheLagOfEach() {
    String leader = cluster.leader();
    Awaitility.await()
        .untilAsserted(
            () -> assertThat(status(leader).members()).extracting(Replica::lag).containsOnly(0L));
    ShardStatus status = status(leader);
    assertThat(status.role()).isEqualTo(Role.LEADER);
    assertThat(status.leader()).isEqualTo(leader);
    assertThat(status.hasQuorum()).isTrue();
    assertThat(status.members()).extracting(Replica::node).containsExactly("n1", "n2", "n3");
    assertThat(status.applied()).isEqualTo(status.committed()).isPositive();
  }

  @Test
  void follower_knowsTheLeader_andItsAge() {
    String leader = cluster.leader();
    String follower = cluster.follower();
    cluster.awaitEqual();
    ShardStatus status = status(follower);
    assertThat(status.role()).isEqualTo(Role.FOLLOWER);
    assertThat(status.leader()).isEqualTo(leader);
    assertThat(status.hasQuorum()).isTrue();
    assertThat(age(follower)).isLessThan(Duration.ofSeconds(2));
    assertThat(age(leader)).isLessThan(Duration.ofSeconds(2));
  }

  @Test
  void withoutAMajority_thereIsNoQuorum_andTheAgeRises_whichIsNoProblemOfTheReplica() {
    String last = cluster.follower();
    cluster.awaitEqual();
    cluster.running().stream()
        .map(node -> node.raft().self())
        .filter(id -> !id.equals(last))
        .toList()
        .forEach(cluster::stop);
    Awaitility.await()
        .atMost(20, TimeUnit.SECONDS)
        .untilAsserted(
            () -> {
              assertThat(status(last).hasQuorum()).isFalse();
              assertThat(status(last).leader()).isNull();
              assertThat(age(last)).isGreaterThan(Duration.ofSeconds(3));
            });
    assertThat(cluster.node(last).raft().problem(0)).isEmpty();
  }

  /** Raft says of it that it hears of the leader, before anything that it is told fits its log. */
  @Test
  void nodeThatWasAway_isOfUnknownAge_untilItShowsWhatWasWrittenMeanwhile() throws Exception {
    String away = cluster.follower();
    cluster.awaitEqual();
    cluster.stop(away);
    String leader = cluster.leader();
    for (int i = 0; i < 500; i++) {
      cluster.write(leader, Writes.put("k" + i, "v"));
    }
    long revision = cluster.node(leader).store().revision();

    TestCluster.TestNode back = cluster.start(away);

    Awaitility.await()
        .pollInterval(1, TimeUnit.MILLISECONDS)
        .atMost(60, TimeUnit.SECONDS)
        .until(() -> back.raft().hasCaughtUp() && back.raft().age(0) != null);
    assertThat(back.store().revision()).isEqualTo(revision);
    assertThat(age(away)).isLessThan(Duration.ofSeconds(2));
  }

  @Test
  void majorityThatIsGone_isLoggedOnce_withWhoDoesNotAnswer_andOnceWhenItIsBack() throws Exception {
    String last = cluster.follower();
    List<String> others =
        cluster.running().stream()
            .map(node -> node.raft().self())
            .filter(id -> !id.equals(last))
            .toList();
    try (Logged logged = Logged.of(QuorumAlarm.class)) {
      others.forEach(cluster::stop);
      logged.await(
          ".* no majority of 1 shards.* do not answer: " + String.join(", ", others) + ".");

      for (String id : others) {
        cluster.start(id);
      }
      logged.await("All shards .* have a majority again.");
      assertThat(logged.count(".* no majority of .*")).isEqualTo(1);
      assertThat(logged.count(".* majority again.*")).isEqualTo(1);
    }
  }

  @Test
  void leaderThatHasHeardOfNoMajority_refusesWrites_beforeItStepsDown() {
    String leader = cluster.leader();
    cluster.running().stream()
        .map(node -> node.raft().self())
        .filter(id -> !id.equals(leader))
        .toList()
        .forEach(cluster::stop);
    Awaitility.await()
        .atMost(20, TimeUnit.SECONDS)
        .pollInterval(10, TimeUnit.MILLISECONDS)
        .until(() -> !status(leader).hasQuorum());
    RaftReplicator replicator = cluster.node(leader).replicator();
    CompletableFuture<Outcome> write =
        replicator.submit(Writes.put("k", "w")).toCompletableFuture();
    Awaitility.await()
        .atMost(20, TimeUnit.SECONDS)
        .until(
            () -> {
              // As a server does all the time.
              replicator.sweep();
              return write.isDone();
            });
    assertThatThrownBy(write::join)
        .cause()
        .isInstanceOfSatisfying(
            KeyValueException.class,
            refused -> assertThat(refused.code()).isEqualTo(ErrorCode.UNAVAILABLE));
  }

  private Duration age(String id) {
    return Objects.requireNonNull(cluster.node(id).raft().age(0));
  }
}
