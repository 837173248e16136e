package org.kvstore.server.replication.raft;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.apache.ratis.protocol.ClientId;
import org.apache.ratis.protocol.RaftClientReply;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.protocol.TransferLeadershipRequest;
import org.apache.ratis.server.RaftServer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.replication.raft.TestCluster.TestNode;
import org.kvstore.server.store.Writes;

/** When the leader is gone, writes go on within some seconds, without being submitted again. */
class FailoverTest {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  @TempDir Path parent;
  private TestCluster cluster;

  @BeforeEach
  void open() throws Exception {
    cluster = new TestCluster(parent, 3, 1).startAll();
  }

  @AfterEach
  void close() {
    cluster.close();
  }

  @RepeatedTest(2)
  void leaderDies_writesGoOn() throws Exception {
    TestNode survivor = cluster.node(cluster.follower());
    TestCluster.await(survivor.replicator().submit(Writes.put("k", "1")));
    TestNode leader = cluster.node(cluster.leader());
    long died = System.nanoTime();
    // It says nothing any more at once, and takes some seconds to close.
    CompletableFuture<Void> closed =
        CompletableFuture.runAsync(() -> close(leader.raft().raft().server()));

    Outcome outcome = TestCluster.await(survivor.replicator().submit(Writes.put("k", "2")));

    Duration pause = Duration.ofNanos(System.nanoTime() - died);
    System.out.printf("Writes went on %d ms after the leader's death.%n", pause.toMillis());
    assertThat(outcome).isInstanceOf(Outcome.Written.class);
    assertThat(pause).isLessThan(Duration.ofSeconds(8));
    closed.join();
  }

  private static void close(RaftServer server) {
    try {
      server.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void resign_hasAnotherNodeLead_atOnce() throws Exception {
    String leader = cluster.leader();
    cluster.write(leader, Writes.put("k", "1"));
    long began = System.nanoTime();

    cluster.node(leader).raft().resign();

    String next = cluster.leader();
    Duration pause = Duration.ofNanos(System.nanoTime() - began);
    System.out.printf("Another node led %d ms after the leader resigned.%n", pause.toMillis());
    assertThat(next).isNotEqualTo(leader);
    assertThat(pause).isLessThan(Duration.ofSeconds(5));
    assertThat(cluster.write(leader, Writes.put("k", "2"))).isInstanceOf(Outcome.Written.class);
  }

  /**
   * Both followers have the entry, and the leader does not know. Nobody writes more, as all wait.
   */
  @Test
  void answersToAnEntryAreLost_withTheirConnections_itIsCommittedSoon() throws Exception {
    cluster.close();
    cluster = new TestCluster(parent.resolve("relayed"), 3, 1).relayed().startAll();
    cluster.write("n1", Writes.put("k", "0"));
    String leader = cluster.leader();
    List<TestNode> followers =
        cluster.running().stream().filter(node -> !node.raft().self().equals(leader)).toList();
    cluster.awaitEqual();
    long last = lastIndex(cluster.node(leader));
    cluster.relays().forEach(Relay::loseAnswers);

    CompletableFuture<Outcome> written =
        cluster.node(leader).replicator().submit(Writes.put("k", "1")).toCompletableFuture();
    Awaitility.await()
        .pollInterval(Duration.ofMillis(5))
        .atMost(PATIENCE)
        .until(() -> followers.stream().allMatch(node -> lastIndex(node) > last));
    cluster.relays().forEach(Relay::reset);

    long began = System.nanoTime();
    assertThat(TestCluster.await(written)).isInstanceOf(Outcome.Written.class);
    Duration pause = Duration.ofNanos(System.nanoTime() - began);
    System.out.printf("An entry was committed %d ms after the cut.%n", pause.toMillis());
    assertThat(pause).isLessThan(Duration.ofSeconds(8));
  }

  private static long lastIndex(TestNode node) {
    return Objects.requireNonNull(node.raft().replicas().division(0)).getRaftLog().getFlushIndex();
  }

  @Test
  void handoverToANodeThatHasGone_doesNotEndWritesForGood() throws Exception {
    String gone = cluster.follower();
    TestNode leader = cluster.node(cluster.leader());
    cluster.stop(gone);
    Awaitility.await().atMost(PATIENCE).until(() -> handoverFailsAtOnce(leader, gone));

    Awaitility.await()
        .atMost(PATIENCE)
        .ignoreExceptions()
        .until(
            () -> cluster.write(cluster.leader(), Writes.put("k", "1")) instanceof Outcome.Written);
  }

  /** Then Raft keeps it, and takes no write that would be new to the other node. */
  private static boolean handoverFailsAtOnce(TestNode leader, String to) throws Exception {
    RaftNode node = leader.raft();
    TransferLeadershipRequest request =
        new TransferLeadershipRequest(
            ClientId.randomId(),
            node.raft().self(),
            node.groups().id(0),
            0,
            RaftPeerId.valueOf(to),
            200);
    RaftClientReply reply =
        TestCluster.await(node.raft().server().transferLeadershipAsync(request));
    return String.valueOf(reply.getException()).contains("COMPLETED_EXCEPTIONALLY");
  }
}
