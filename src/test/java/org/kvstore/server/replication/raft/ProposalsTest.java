package org.kvstore.server.replication.raft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.apache.ratis.protocol.RaftPeer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.model.Serial;
import org.kvstore.server.replication.raft.TestCluster.TestNode;
import org.kvstore.server.store.GroupResult;
import org.kvstore.server.store.LogEntry;
import org.kvstore.server.store.LogForm;
import org.kvstore.server.store.Writes;

/** Groups of several senders are applied once each, and each sender is told of its own. */
class ProposalsTest {
  private static final long MILLIS = 10_000;

  @TempDir Path parent;
  private TestCluster cluster;

  @BeforeEach
  void open() throws Exception {
    cluster = new TestCluster(parent, 3, 1);
    cluster.startAll();
  }

  @AfterEach
  void close() {
    cluster.close();
  }

  @Test
  void groupsOfManySenders_areEachToldOfTheirOwn_inFewerEntries() throws Exception {
    TestNode leader = cluster.node(cluster.leader());
    TestNode follower = cluster.node(cluster.follower());
    long before = leader.store().applied().index();

    List<CompletableFuture<GroupResult>> results =
        IntStream.range(0, 200)
            .mapToObj(i -> at(i % 2 == 0 ? follower : leader, leader, "sender" + i, 1, "k" + i))
            .toList();

    for (int i = 0; i < results.size(); i++) {
      long revision = written(results.get(i)).modRevision();
      assertThat(leader.store().getAt(Key.of("k" + i), revision))
          .satisfies(entry -> assertThat(entry.modRevision()).isEqualTo(revision));
    }
    assertThat(leader.store().revision()).isEqualTo(200);
    assertThat(leader.store().applied().index() - before).isLessThan(200);
  }

  /**
   * Else they would fall into halves, each of which waits for the other's entry. A machine that is
   * busy may be too late now and then, not each time.
   */
  @Test
  void sendersThatComeBackAtOnce_areInOneEntryTogether() {
    TestNode leader = cluster.node(cluster.leader());
    int rounds = 20;
    AtomicLong serials = new AtomicLong();
    Awaitility.await()
        .atMost(Duration.ofMinutes(1))
        .until(() -> entriesOf(leader, rounds, serials), entries -> entries < 3 * rounds / 2);
  }

  /** How many entries it takes when each node sends so many groups, one after the other. */
  private long entriesOf(TestNode leader, int rounds, AtomicLong serials) throws Exception {
    long before = leader.store().applied().index();
    List<CompletableFuture<Void>> senders =
        cluster.running().stream().map(node -> send(node, leader, serials, rounds)).toList();
    for (CompletableFuture<Void> sender : senders) {
      sender.get(MILLIS, TimeUnit.MILLISECONDS);
    }
    return leader.store().applied().index() - before;
  }

  private CompletableFuture<Void> send(
      TestNode from, TestNode leader, AtomicLong serials, int left) {
    String self = from.raft().self();
    return left == 0
        ? CompletableFuture.completedFuture(null)
        : at(from, leader, self, serials.incrementAndGet(), "k " + self)
            .thenComposeAsync(any -> send(from, leader, serials, left - 1));
  }

  @Test
  void groupThatIsSentAgain_toTheNextLeader_isToldTheSame() throws Exception {
    String first = cluster.leader();
    Outcome.Written written = written(propose(cluster.node(first), "a", 1, "k"));
    cluster.stop(first);

    Outcome.Written again = eventually("a", 1);

    assertThat(again).isEqualTo(written);
    assertThat(cluster.node(cluster.leader()).store().revision()).isEqualTo(1);
  }

  @Test
  void nodeThatDoesNotLead_proposesNothing() {
    TestNode follower = cluster.node(cluster.follower());
    assertThatThrownBy(() -> get(at(follower, follower, "a", 1, "k")))
        .hasRootCauseInstanceOf(NotLeadingException.class);
  }

  /** The answer of whoever leads now. */
  private Outcome.Written eventually(String sender, long number) {
    return Awaitility.await()
        .ignoreExceptions()
        .until(
            () -> written(propose(cluster.node(cluster.leader()), sender, number, "k")),
            any -> true);
  }

  private CompletableFuture<GroupResult> propose(
      TestNode from, String sender, long number, String key) {
    return at(from, cluster.node(cluster.leader()), sender, number, key);
  }

  private CompletableFuture<GroupResult> at(
      TestNode from, TestNode leader, String sender, long number, String key) {
    LogEntry.Group group =
        new LogEntry.Group(new Serial(sender, 1, number), List.of(Writes.put(key, "v")));
    RaftPeer to =
        cluster.members().stream()
            .filter(member -> member.id().equals(leader.raft().self()))
            .map(Member::peer)
            .findFirst()
            .orElseThrow();
    return from.raft()
        .proposals()
        .propose(to, from.raft().groups().id(0), LogForm.of(group), MILLIS);
  }

  private static Outcome.Written written(CompletableFuture<GroupResult> result) throws Exception {
    return (Outcome.Written) ((GroupResult.Applied) get(result)).outcomes().get(0);
  }

  private static GroupResult get(CompletableFuture<GroupResult> result) throws Exception {
    return result.get(MILLIS, TimeUnit.MILLISECONDS);
  }
}
