package org.kvstore.server.replication.raft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.model.TestPorts;
import org.kvstore.server.replication.raft.TestCluster.TestNode;
import org.kvstore.server.store.FileTrees;
import org.kvstore.server.store.Store;
import org.kvstore.server.store.Writes;

/** What is wrong with one node is said there, and costs the others nothing. */
class FailureTest {
  @TempDir Path parent;
  private TestCluster cluster;

  @BeforeEach
  void open() throws Exception {
    cluster = new TestCluster(parent, 3, 1);
  }

  @AfterEach
  void close() {
    cluster.close();
  }

  @Test
  void portTaken_isSaid_andTheProcessGoesOn() throws Exception {
    Member own = cluster.members().get(0);
    try (ServerSocket taken = new ServerSocket()) {
      taken.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), own.port()));
      assertThatThrownBy(() -> cluster.start("n1"))
          .isInstanceOf(KeyValueException.class)
          .hasMessageContaining("cannot listen on " + own.raftAddress());
    }
    cluster.startAll();
    assertThat(cluster.write("n1", Writes.put("k", "v"))).isInstanceOf(Outcome.Written.class);
  }

  @Test
  void sameNodeStartedTwice_isRefused() throws Exception {
    cluster.start("n1");
    ClusterOptions elsewhere =
        new ClusterOptions("c", "n1", cluster.members(), parent.resolve("elsewhere"));
    try (RaftNode second = new RaftNode(elsewhere, List.of())) {
      assertThatThrownBy(second::start)
          .isInstanceOf(KeyValueException.class)
          .hasMessageContaining("Another process answers as node n1");
    }
  }

  @Test
  void nodesOfOtherClusters_areNamed() throws Exception {
    cluster.start("n1");
    ClusterOptions options = cluster.options("n2");
    try (RaftNode stranger = new RaftNode(options.named("other"), List.of())) {
      assertThat(stranger.problemsWithPeers())
          .hasSize(2)
          .anyMatch(problem -> problem.matches("Node n1 .*kv.cluster.id is to be the same.*"))
          .anyMatch(problem -> problem.matches("Node n3 at .* does not answer.*"));
    }
    FileTrees.delete(options.directory());
    try (RaftNode stranger = new RaftNode(options.withShards(0), List.of())) {
      assertThat(stranger.problemsWithPeers())
          .anyMatch(problem -> problem.matches("Node n1 .*kv.shards is to be the same.*"));
    }
  }

  /**
   * Of a node that is started with other settings than the rest: log, readiness and description.
   */
  @Test
  void nodeOfAnotherCluster_orWithOtherShards_isNamedByItsPeers_andNamesThem() throws Exception {
    cluster.startAll();
    cluster.stop("n3");
    try (Logged logged = Logged.of(Peers.class)) {
      TestNode one = cluster.node("n1");
      for (ClusterOptions wrong :
          List.of(
              new ClusterOptions("other", "n3", cluster.members(), parent.resolve("named")),
              new ClusterOptions("c", "n3", cluster.members(), parent.resolve("shards"))
                  .withShards(5))) {
        String property = wrong.clusterId().equals("other") ? "kv.cluster.id" : "kv.shards";
        try (RaftNode stranger = new RaftNode(wrong, Map.of())) {
          stranger.start();

          awaitProblem(one.raft(), "n3", property);
          awaitProblem(stranger, "n1", property);
          assertThat(stranger.problemsWithPeers())
              .anyMatch(problem -> problem.startsWith("Node n1 ") && problem.contains(property));
          assertThat(one.raft().problemsWithPeers())
              .anyMatch(problem -> problem.startsWith("Node n3 ") && problem.contains(property));
          logged.await("Node n3 at .* " + property + " is to be the same on all.*");
          assertThat(stranger.replicas().haveBegun()).isFalse();
        }
        Awaitility.await()
            .atMost(20, TimeUnit.SECONDS)
            .until(() -> one.raft().problem("n3").isEmpty());
      }
    }
  }

  /** Its own data is new: what it must not do is vote in the place of the one that is there. */
  @Test
  void secondNodeOfAnId_saysWhereTheFirstIs_andTakesNoPart() throws Exception {
    cluster.startAll();
    cluster.write("n1", Writes.put("k", "v"));
    Member elsewhere = new Member("n3", "127.0.0.1:" + TestPorts.free());
    List<Member> members = new ArrayList<>(cluster.members().subList(0, 2));
    members.add(elsewhere);
    ClusterOptions options = new ClusterOptions("c", "n3", members, parent.resolve("second"));
    try (Logged logged = Logged.of(Admission.class);
        Store store = cluster.openStore(parent.resolve("second-store"), events -> {});
        RaftNode second = new RaftNode(options, List.of(store))) {
      second.start();

      String first = cluster.members().get(2).raftAddress();
      awaitProblem(second, "n3", "has a node n3 already, at " + first);
      assertThat(second.failure(0)).hasMessageContaining("has a node n3 already");
      logged.await("The cluster has a node n3 already, at " + first + ".*");
      assertThat(second.replicas().haveBegun()).isFalse();
    }
    assertThat(cluster.write("n3", Writes.put("k", "w"))).isInstanceOf(Outcome.Written.class);
  }

  /** Whose data is old as it was taken out meanwhile. */
  @Test
  void nodeThatWasRemovedWhileItWasAway_saysSo() throws Exception {
    cluster.startAll();
    cluster.write("n1", Writes.put("k", "v"));
    cluster.stop("n3");
    List<Member> left = cluster.members().subList(0, 2);
    GroupAdmin admin = new GroupAdmin(cluster.node("n1").raft());
    Awaitility.await()
        .atMost(60, TimeUnit.SECONDS)
        .ignoreExceptionsInstanceOf(KeyValueException.class)
        .until(
            () -> {
              List<Member> members = admin.members(0);
              if (members.size() > left.size()) {
                admin.setMembers(0, members, left);
              }
              return true;
            });
    try (Logged logged = Logged.of(Admission.class)) {
      RaftNode removed = cluster.start("n3").raft();

      awaitProblem(removed, "n3", "The node n3 was removed from its cluster");
      assertThat(removed.failure(0)).hasMessageContaining("was removed from its cluster");
      assertThat(removed.problem(0)).contains("was removed from its cluster");
      logged.await("The node n3 was removed from its cluster.*");
    }
  }

  private static void awaitProblem(RaftNode node, String with, String text) {
    Awaitility.await()
        .atMost(20, TimeUnit.SECONDS)
        .untilAsserted(() -> assertThat(node.problem(with)).contains(text));
  }

  @Test
  void sameNodeTwice_inTheList_isRefused() {
    Member member = cluster.members().get(0);
    assertThatThrownBy(() -> new ClusterOptions("c", "n1", List.of(member, member), parent))
        .isInstanceOf(KeyValueException.class)
        .hasMessageContaining("kv.cluster.members");
    assertThatThrownBy(() -> new ClusterOptions("c", "n9", List.of(member), parent))
        .isInstanceOf(KeyValueException.class)
        .hasMessageContaining("kv.cluster.node=n9");
  }

  @Test
  void beyondLoopback_withoutCertificates_isRefused() {
    ClusterOptions open = cluster.options("n1").at(new Endpoint("0.0.0.0", null));
    assertThatThrownBy(() -> new RaftNode(open, List.of()))
        .isInstanceOf(KeyValueException.class)
        .hasMessageContaining("kv.cluster.tls.certificate");
  }

  @Test
  void storeCannotBeWritten_endsThisReplicaOnly() throws Exception {
    cluster.startAll();
    cluster.write("n1", Writes.put("a", "v"));
    TestNode broken = cluster.node(cluster.follower());
    broken.store().close();

    for (int i = 0; i < 10; i++) {
      assertThat(cluster.write(cluster.leader(), Writes.put("k" + i, "v")))
          .isInstanceOf(Outcome.Written.class);
    }

    Awaitility.await()
        .atMost(20, TimeUnit.SECONDS)
        .until(
            () -> broken.raft().failure(0) != null && broken.raft().replicas().division(0) == null);
    assertKnownByOthers(broken.raft());
  }

  /** One that takes no part is a problem here, and the shard is as well as the others say. */
  private void assertKnownByOthers(RaftNode node) {
    String leader = cluster.leader();
    Awaitility.await()
        .atMost(20, TimeUnit.SECONDS)
        .untilAsserted(
            () -> {
              ShardStatus shard = node.describe().get(0);
              assertThat(shard.problem()).contains("takes no part");
              assertThat(shard.role()).isEqualTo(ShardStatus.Role.OUT);
              assertThat(shard.leader()).isEqualTo(leader);
              assertThat(shard.hasQuorum()).isTrue();
              assertThat(shard.members()).hasSize(3);
            });
  }

  @Test
  void logCannotBeWritten_endsThisReplicaOnly() throws Exception {
    cluster.startAll();
    cluster.write("n1", Writes.put("a", "v"));
    TestNode broken = cluster.node(cluster.follower());
    assertThat(broken.raft().problem(0)).isEmpty();

    broken
        .raft()
        .replicas()
        .require(0)
        .machine()
        .notifyLogFailed(new java.io.IOException("No space left on device"), null);

    Awaitility.await()
        .atMost(20, TimeUnit.SECONDS)
        .until(() -> broken.raft().replicas().division(0) == null);
    assertThat(Objects.requireNonNull(broken.raft().failure(0)))
        .hasMessageContaining("No space left on device");
    assertThat(broken.raft().problem(0)).contains("No space left on device");
    assertThat(cluster.write(cluster.leader(), Writes.put("k", "v")))
        .isInstanceOf(Outcome.Written.class);
  }

  @Test
  void close_leavesNoThreadOfTheNode_andNoFileOpen() throws Exception {
    Set<Long> before = threads();
    cluster.startAll();
    cluster.write("n1", Writes.put("a", "v"));

    cluster.stopAll();

    Awaitility.await()
        .atMost(20, TimeUnit.SECONDS)
        .untilAsserted(
            () -> {
              assertThat(newThreads(before)).isEmpty();
              assertThat(openFiles()).isEmpty();
            });
  }

  private static Set<Long> threads() {
    return Thread.getAllStackTraces().keySet().stream()
        .map(Thread::getId)
        .collect(Collectors.toSet());
  }

  /** Those that belong to a node, whose names begin with its own. */
  private static List<String> newThreads(Set<Long> before) {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> !before.contains(thread.getId()))
        .map(Thread::getName)
        .filter(name -> name.matches("n[1-3]-.*|n[1-3]@.*"))
        .toList();
  }

  private List<Path> openFiles() throws Exception {
    try (var files = Files.list(Path.of("/proc/self/fd"))) {
      return files.map(FailureTest::target).filter(path -> path.startsWith(parent)).toList();
    }
  }

  private static Path target(Path link) {
    try {
      return Files.readSymbolicLink(link);
    } catch (java.io.IOException closed) {
      return link;
    }
  }
}
