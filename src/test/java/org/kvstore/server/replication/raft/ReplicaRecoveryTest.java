package org.kvstore.server.replication.raft;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A replica whose disk was full goes on by itself once there is room. */
class ReplicaRecoveryTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final int REGISTRY = 1;

  @TempDir Path parent;
  private PlacedCluster cluster;
  private PlacedCluster.Node node;

  @BeforeEach
  void open() throws Exception {
    cluster = new PlacedCluster(parent, REGISTRY, 3);
    cluster.found(3);
    cluster.awaitSettled();
    node = cluster.node("n2");
  }

  @AfterEach
  void close() {
    cluster.close();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, REGISTRY})
  void replicaWhoseLogCouldNotBeWritten_beginsAgain_onceThereIsRoom(int shard) {
    node.host().setRoom(false);
    failLog(shard);

    // Raft has it no more, so that its leader does not go on sending to it.
    Awaitility.await().atMost(PATIENCE).until(() -> !isAtRaft(shard));
    assertThat(Objects.requireNonNull(node.raft().failure(shard)))
        .hasMessageContaining("No space left on device");
    if (shard != REGISTRY) {
      Awaitility.await().atMost(PATIENCE).until(() -> !node.host().here().contains(shard));
    }

    node.host().setRoom(true);

    awaitWell(shard);
  }

  private void failLog(int shard) {
    node.raft()
        .replicas()
        .require(shard)
        .machine()
        .notifyLogFailed(new IOException("No space left on device"), null);
  }

  private boolean isAtRaft(int shard) {
    for (var group : node.raft().raft().server().getGroupIds()) {
      if (group.equals(node.raft().groups().id(shard))) {
        return true;
      }
    }
    return false;
  }

  private void awaitWell(int shard) {
    Awaitility.await()
        .atMost(PATIENCE)
        .untilAsserted(
            () -> {
              assertThat(node.raft().failure(shard)).isNull();
              assertThat(node.raft().age(shard)).isNotNull().isLessThan(Duration.ofSeconds(2));
              assertThat(node.host().here()).contains(shard);
            });
  }
}
