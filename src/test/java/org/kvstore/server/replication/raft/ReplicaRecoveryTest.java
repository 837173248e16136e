package org.kvstore.server.replication.raft;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.store.Writes;

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
    assertThat(failure(shard)).contains("No space left on device");
    if (shard != REGISTRY) {
      Awaitility.await().atMost(PATIENCE).until(() -> !node.host().here().contains(shard));
    }

    node.host().setRoom(true);

    awaitWell(shard);
  }

  /** As it does when it cannot read its log. */
  @ParameterizedTest
  @ValueSource(ints = {0, REGISTRY})
  void replicaThatRaftEndsByItself_beginsAgain(int shard) throws Exception {
    var division = Objects.requireNonNull(node.raft().replicas().division(shard));

    division.close();

    Awaitility.await()
        .atMost(PATIENCE)
        .until(() -> isAtRaft(shard) && node.raft().replicas().division(shard) != division);
    awaitWell(shard);
  }

  /** The first try must not keep the directory from the second. */
  @Test
  void replicaThatCannotBeginYet_isTriedAgain() throws Exception {
    Path checkpoints = directory().resolve("sm");
    Path away = parent.resolve("away");
    node.host().setRoom(false);
    failLog(0);
    Awaitility.await().atMost(PATIENCE).until(() -> !isAtRaft(0));
    Files.move(checkpoints, away);
    Files.createFile(checkpoints);
    node.host().setRoom(true);
    Awaitility.await().atMost(PATIENCE).until(() -> failure(0).contains("NotDirectoryException"));

    Files.delete(checkpoints);
    Files.move(away, checkpoints);

    awaitWell(0);
  }

  @Test
  void replicaWhoseStoreCannotBeWritten_isTakenFromRaft_andOthersGoOn() throws Exception {
    node.host().store(0).close();
    for (int i = 0; i < 50; i++) {
      write("k" + i);
    }

    Awaitility.await().atMost(PATIENCE).until(() -> !isAtRaft(0));
    assertThat(failure(0)).contains("takes no part");
    // The thread that ended it is not held up by it.
    node.host().setRoom(false);
    failLog(REGISTRY);
    Awaitility.await().atMost(PATIENCE).until(() -> !isAtRaft(REGISTRY));
  }

  private void write(String key) throws Exception {
    RaftNode other = cluster.node("n1").raft();
    Leadership leadership = new Leadership(other.replicas(), other.view(), 0, other.groups().id(0));
    new GroupSender(other.proposals(), leadership, 10_000_000_000L, () -> false)
        .send(List.of(Writes.put(key, "v")));
  }

  private String failure(int shard) {
    KeyValueException failure = node.raft().failure(shard);
    return failure == null ? "" : String.valueOf(failure.getMessage());
  }

  private Path directory() {
    return cluster
        .directory("n2")
        .resolve("raft")
        .resolve(node.raft().groups().id(0).getUuid().toString());
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
