package org.kvstore.server.replication.raft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
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
import org.kvstore.server.replication.raft.TestCluster.TestNode;
import org.kvstore.server.store.FileTrees;
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
    assertThat(broken.raft().describe().get(0).problem()).contains("takes no part");
  }

  @Test
  void logCannotBeWritten_endsThisReplicaOnly() throws Exception {
    cluster.startAll();
    cluster.write("n1", Writes.put("a", "v"));
    TestNode broken = cluster.node(cluster.follower());

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
