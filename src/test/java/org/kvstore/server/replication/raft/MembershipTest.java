package org.kvstore.server.replication.raft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.replication.raft.TestCluster.TestNode;
import org.kvstore.server.store.DataDirectory;
import org.kvstore.server.store.Writes;

/** Nodes come and go, one that has lost its data does not vote, and leaders are spread. */
class MembershipTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  @TempDir Path parent;
  private TestCluster cluster;
  private final Map<String, Membership> memberships = new HashMap<>();

  @BeforeEach
  void open() throws Exception {
    cluster = new TestCluster(parent, 3, 3).startAll();
    for (Member member : cluster.members()) {
      attend(member.id());
    }
    cluster.write("n1", Writes.put("k", "before"));
  }

  @AfterEach
  void close() {
    memberships.values().forEach(Membership::close);
    cluster.close();
  }

  private void attend(String id) {
    Membership membership = new Membership(cluster.node(id).raft());
    memberships.put(id, membership);
    membership.start();
  }

  private void stop(String id) {
    Objects.requireNonNull(memberships.remove(id)).close();
    cluster.stop(id);
  }

  private Membership at(String id) {
    return Objects.requireNonNull(memberships.get(id));
  }

  @Test
  void nodeThatIsAdded_getsEverything_andOneThatLeadsIsRemoved_underWrites() throws Exception {
    TestNode added = cluster.startJoining("n4");
    Member member = cluster.member("n4");
    String leader = cluster.leader();
    String other = cluster.follower();

    at(other).add(member);
    at(other).add(member);

    awaitMembers(other, List.of("n1", "n2", "n3", "n4"));
    attend("n4");
    cluster.write(other, Writes.put("k2", "then"));
    assertThat(read(added, "k")).isEqualTo("before");
    assertThat(read(added, "k2")).isEqualTo("then");

    at(other).remove(leader);

    List<String> left =
        List.of("n1", "n2", "n3", "n4").stream().filter(id -> !id.equals(leader)).toList();
    awaitMembers(other, left);
    cluster.write("n4", Writes.put("k3", "at last"));
    assertThat(read(cluster.node(other), "k3")).isEqualTo("at last");
    assertThatThrownBy(() -> at(other).remove(leader))
        .isInstanceOfSatisfying(
            KeyValueException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.NOT_FOUND));
  }

  @Test
  void founderWithoutItsData_doesNotVote_untilItIsRemovedAndAdded() throws Exception {
    await().atMost(PATIENCE).until(() -> cluster.node("n1").raft().peers().said("n3").isPresent());
    stop("n3");
    DataDirectory.deleteTree(cluster.directory("n3"));
    TestNode blank = cluster.start("n3");
    await()
        .atMost(PATIENCE)
        .untilAsserted(() -> assertThat(reason(blank)).contains("data is gone", "kv cluster add"));
    stop("n2");
    // Its vote would make a majority.
    assertThatThrownBy(() -> TestCluster.await(cluster.node("n1").replicator().readBarrier()))
        .hasCauseInstanceOf(KeyValueException.class);
    cluster.stop("n3");
    cluster.start("n2");
    attend("n2");

    TestNode early = cluster.startJoining("n3");
    await()
        .atMost(PATIENCE)
        .untilAsserted(() -> assertThat(reason(early)).contains("kv cluster remove"));
    at("n1").remove("n3");
    awaitMembers("n1", List.of("n1", "n2"));
    await().atMost(PATIENCE).until(() -> reason(early).contains("waits to be made a member"));
    at("n2").add(cluster.member("n3"));
    awaitMembers("n1", List.of("n1", "n2", "n3"));
    cluster.write("n1", Writes.put("k4", "again"));
    assertThat(read(early, "k4")).isEqualTo("again");
  }

  @Test
  void drainedNode_leadsNothing_untilItIsToldOtherwise() {
    String leader = cluster.leader();
    String other = cluster.follower();
    at(other).drain(leader, true);
    await().atMost(PATIENCE).until(() -> led(leader) == 0 && ledByAll() == 3);
    assertThat(cluster.node(other).raft().isDrained(leader) || led(leader) == 0).isTrue();
    at(other).drain(leader, false);
    await().atMost(PATIENCE).until(() -> led(leader) == 1);
    assertThatThrownBy(() -> at(other).drain("n9", true)).hasMessageContaining("n9");
  }

  @Test
  void leaders_areSpreadInTheEnd() {
    await()
        .atMost(PATIENCE)
        .until(() -> cluster.members().stream().allMatch(member -> led(member.id()) == 1));
  }

  private long led(String id) {
    return cluster.node(id).replicators().stream().filter(RaftReplicator::leads).count();
  }

  private long ledByAll() {
    return cluster.running().stream()
        .flatMap(node -> node.replicators().stream())
        .filter(RaftReplicator::leads)
        .count();
  }

  private static String reason(TestNode node) {
    KeyValueException failure = node.raft().failure(0);
    return failure == null ? "" : String.valueOf(failure.getMessage());
  }

  private void awaitMembers(String at, List<String> ids) {
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () -> {
              for (int shard = 0; shard < 3; shard++) {
                assertThat(cluster.node(at).raft().view().membersOf(shard))
                    .extracting(Member::id)
                    .isEqualTo(ids);
              }
              assertThat(at(at).moves()).isEmpty();
            });
  }

  private static String read(TestNode node, String key) throws Exception {
    TestCluster.await(node.replicator().readBarrier());
    return Objects.requireNonNull(node.store().get(Key.of(key))).value().toUtf8();
  }
}
