package org.kvstore.server.replication.raft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.replication.raft.TestCluster.TestNode;
import org.kvstore.server.store.Writes;

/** Nodes let in only those that have a certificate of their own authority. */
class PeerCertificatesTest {
  @TempDir Path parent;
  private TestCluster cluster;
  private SelfSigned ours;
  private final List<String> logged = new CopyOnWriteArrayList<>();
  private final Handler listener = new Listener();

  private final class Listener extends Handler {
    @Override
    public void publish(LogRecord line) {
      logged.add(line.getMessage() + " " + line.getThrown());
    }

    @Override
    public void flush() {}

    @Override
    public void close() {}
  }

  @BeforeEach
  void open() throws Exception {
    cluster = new TestCluster(parent, 3, 1);
    ours = SelfSigned.make(parent, "ours");
    Logger.getLogger("org.apache.ratis").addHandler(listener);
  }

  @AfterEach
  void close() {
    cluster.close();
    Logger.getLogger("org.apache.ratis").removeHandler(listener);
  }

  private TestNode start(String id, SelfSigned own) throws Exception {
    PeerCertificates certificates =
        new PeerCertificates(own.certificate(), own.key(), ours.certificate());
    return cluster.start(cluster.options(id).at(new Endpoint(null, certificates)), events -> {});
  }

  @Test
  void ownCertificates_areLetIn_andAWrongOneIsNot_whichTheLogSays() throws Exception {
    TestNode one = start("n1", ours);
    TestNode other = start("n2", ours);
    start("n3", ours);
    assertThat(cluster.write("n3", Writes.put("k", "u"))).isInstanceOf(Outcome.Written.class);
    cluster.awaitBegun();
    cluster.stop("n3");

    TestNode stranger = start("n3", SelfSigned.make(parent, "theirs"));

    long before = stranger.store().applied().index();
    assertThat(cluster.write("n1", Writes.put("k", "v"))).isInstanceOf(Outcome.Written.class);
    assertThat(cluster.write("n2", Writes.put("k", "w"))).isInstanceOf(Outcome.Written.class);
    TestCluster.await(one.replicator().readBarrier());
    TestCluster.await(other.replicator().readBarrier());
    Awaitility.await()
        .atMost(20, TimeUnit.SECONDS)
        .until(() -> logged.stream().anyMatch(line -> line.matches("(?is).*(certificate|ssl).*")));
    Awaitility.await()
        .during(Duration.ofMillis(500))
        .until(() -> stranger.store().applied().index() == before);
    assertThat(stranger.replicator().leads()).isFalse();
    Awaitility.await()
        .atMost(20, TimeUnit.SECONDS)
        .untilAsserted(
            () -> assertThat(one.raft().problem("n3")).contains("kv.cluster.tls.authority"));
    assertThat(one.raft().problemsWithPeers())
        .anyMatch(
            problem -> problem.matches("Node n3 .* certificate .*kv.cluster.tls.authority.*"));
    Awaitility.await().atMost(20, TimeUnit.SECONDS).until(() -> !one.raft().isThere("n3"));
  }

  @Test
  void fileIsMissing_isSaid() {
    PeerCertificates certificates =
        new PeerCertificates(ours.certificate(), parent.resolve("none.key"), ours.certificate());
    ClusterOptions options = cluster.options("n1").at(new Endpoint(null, certificates));
    assertThatThrownBy(() -> new RaftNode(options, List.of()))
        .isInstanceOf(KeyValueException.class)
        .hasMessageContaining("none.key cannot be read");
  }
}
