package org.kvstore.server.replication.raft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.kvstore.server.model.Key;
import org.kvstore.server.replication.raft.PlacedCluster.Call;
import org.kvstore.server.replication.raft.PlacedCluster.Node;
import org.kvstore.server.store.Store;
import org.kvstore.server.store.Writes;

/** Each shard is on some of the nodes, and its replicas move as nodes come, go and die. */
class PlacedMembershipTest {
  private static final int SHARDS = 4;
  private static final int REPLICAS = 3;
  private static final Duration PATIENCE = Duration.ofSeconds(90);

  @TempDir Path parent;
  private PlacedCluster cluster;

  @BeforeEach
  void open() {
    cluster = new PlacedCluster(parent, SHARDS, REPLICAS);
  }

  private void start(int size) throws Exception {
    cluster.found(size);
    for (int shard = 0; shard < SHARDS; shard++) {
      for (int number = 0; number < 30; number++) {
        write("n" + (1 + number % size), shard, "k" + number);
      }
    }
  }

  @AfterEach
  void close() {
    cluster.close();
  }

  /** From a node with a replica or without. */
  private void write(String from, int shard, String key) {
    RaftNode node = cluster.node(from).raft();
    new GroupSender(node, new Leadership(node, shard), TimeUnit.SECONDS.toNanos(30), () -> false)
        .send(List.of(Writes.put(key, shard + "/" + key)));
  }

  @Test
  void nodeIsAdded_andAnotherDies_andReplicasMove() throws Exception {
    start(5);
    cluster.awaitSettled();
    assertEven(2, 3);

    cluster.start("n6");
    cluster.node("n2").membership().add(cluster.member("n6"));
    cluster.awaitSettled();
    assertEven(2, 2);
    assertAllThere();

    String dies = cluster.leader();
    cluster.stop(dies);
    String other = cluster.leader();
    for (int shard = 0; shard < SHARDS; shard++) {
      write(other, shard, "then");
    }
    cluster.node(other).membership().remove(dies);
    cluster.awaitSettled();
    assertEven(2, 3);
    assertAllThere();
  }

  @Test
  void nodesStartedAgain_haveTheReplicasThatTheyHad() throws Exception {
    start(4);
    cluster.awaitSettled();
    Map<Integer, List<String>> before = cluster.members("n1");
    List<String> ids = List.copyOf(cluster.running().keySet());
    ids.forEach(cluster::stop);

    for (String id : ids) {
      cluster.start(id);
    }

    cluster.awaitSettled();
    assertThat(cluster.members("n1")).isEqualTo(before);
    assertAllThere();
  }

  /** Where the host is told something, its node is closed, and started again. */
  @ParameterizedTest
  @EnumSource(Call.class)
  void nodeThatDiesAtAStep_goesOnThere(Call step) throws Exception {
    start(4);
    cluster.awaitSettled();
    List<String> founders = List.copyOf(cluster.running().keySet());
    for (String id : founders) {
      cluster.stop(id);
      cluster.start(id, cluster.options(id), Set.of(step));
    }
    cluster.start("n5", cluster.options("n5"), Set.of(step));
    cluster.node("n1").membership().add(cluster.member("n5"));

    await().atMost(PATIENCE).until(() -> !dead().isEmpty());
    await()
        .atMost(PATIENCE.multipliedBy(2))
        .until(
            () -> {
              for (String id : dead()) {
                cluster.stop(id);
                cluster.start(id);
              }
              return isEven(2, 3) && dead().isEmpty();
            });
    for (String id : List.copyOf(cluster.running().keySet())) {
      cluster.stop(id);
      cluster.start(id);
    }

    cluster.awaitSettled();
    assertEven(2, 3);
    assertAllThere();
  }

  private List<String> dead() {
    return cluster.running().entrySet().stream()
        .filter(node -> node.getValue().host().isDead())
        .map(Map.Entry::getKey)
        .toList();
  }

  private boolean isEven(int least, int most) {
    return counts().size() == cluster.running().size()
        && counts().values().stream().allMatch(count -> count >= least && count <= most);
  }

  private Map<String, Integer> counts() {
    Map<String, Integer> counts = new TreeMap<>();
    cluster
        .members(cluster.leader())
        .values()
        .forEach(ids -> ids.forEach(id -> counts.merge(id, 1, Integer::sum)));
    return counts;
  }

  private void assertEven(int least, int most) {
    assertThat(counts().values()).allSatisfy(count -> assertThat(count).isBetween(least, most));
    assertThat(counts()).hasSize(cluster.running().size());
    Collection<List<String>> members = cluster.members(cluster.leader()).values();
    assertThat(members).allSatisfy(ids -> assertThat(ids).hasSize(REPLICAS));
  }

  /** Every replica of every shard comes to show what was written. */
  private void assertAllThere() {
    for (Node node : cluster.running().values()) {
      for (int shard : node.host().here()) {
        if (shard < SHARDS) {
          Store store = node.host().store(shard);
          await()
              .atMost(PATIENCE)
              .untilAsserted(
                  () -> {
                    for (int number = 0; number < 30; number++) {
                      assertThat(store.get(Key.of("k" + number))).isNotNull();
                    }
                  });
        }
      }
    }
  }
}
