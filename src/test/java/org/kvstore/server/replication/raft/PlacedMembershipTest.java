package org.kvstore.server.replication.raft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.replication.raft.PlacedCluster.Call;
import org.kvstore.server.replication.raft.PlacedCluster.Node;
import org.kvstore.server.store.Store;
import org.kvstore.server.store.Writes;

/**
 * Each shard is on some of the nodes, and its replicas move as nodes come, go and die. That they
 * die at each other step, and start again, is tried with {@code -Plong}.
 */
class PlacedMembershipTest {
  private static final int SHARDS = 4;
  private static final int REPLICAS = 3;
  private static final Duration PATIENCE = Duration.ofSeconds(90);

  @TempDir Path parent;
  private PlacedCluster cluster;
  private volatile boolean ends;

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
    ends = true;
    cluster.close();
  }

  /** From a node with a replica or without. */
  private void write(String from, int shard, String key) {
    RaftNode node = cluster.node(from).raft();
    Leadership leadership =
        new Leadership(node.replicas(), node.view(), shard, node.groups().id(shard));
    new GroupSender(node.proposals(), leadership, TimeUnit.SECONDS.toNanos(30), () -> false)
        .send(List.of(Writes.put(key, shard + "/" + key)));
  }

  @Test
  void nodeIsAdded_andAnotherDies_andReplicasMove() throws Exception {
    start(5);
    cluster.awaitSettled();
    assertEven(2, 3);

    cluster.start("n6");
    add("n2", "n6");
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

  @EnabledIfSystemProperty(named = "long", matches = "true")
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

  @EnabledIfSystemProperty(named = "long", matches = "true")
  @Test
  void fewReplicas_moveLikeOthers_andBecomeMoreAndFewer() throws Exception {
    cluster.setFactor(1);
    start(2);
    cluster.start("n3");
    add("n1", "n3");
    cluster.awaitSettled();
    assertEven(1, 2, 1);
    for (int factor : List.of(2, 3, 1)) {
      cluster.setFactor(factor);
      List<String> ids = List.copyOf(cluster.running().keySet());
      ids.forEach(cluster::stop);
      for (String id : ids) {
        cluster.start(id);
      }
      cluster.awaitSettled();
      assertEven(SHARDS * factor / 3, (SHARDS * factor + 2) / 3, factor);
      assertAllThere();
    }
  }

  /** Who reads it there would wait for what never comes. */
  @Test
  void replicaThatGoes_isReadNoMore_whileAnotherIsStillBeingDropped() throws Exception {
    start(3);
    List<Node> founders = List.copyOf(cluster.running().values());
    founders.forEach(node -> node.host().holdDrops(true));
    for (String id : List.of("n4", "n5")) {
      cluster.start(id);
      add("n2", id);
      await().atMost(PATIENCE).until(() -> counts().getOrDefault(id, 0) >= 2 && isEven(2, 3));
    }

    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () -> {
              Map<Integer, List<String>> members = cluster.members(cluster.leader());
              assertThat(cluster.running())
                  .allSatisfy(
                      (id, node) ->
                          assertThat(node.host().here()).isEqualTo(cluster.shardsOf(id, members)));
            });

    assertThat(founders).allMatch(node -> node.host().shards().size() > node.host().here().size());
    founders.forEach(node -> node.host().holdDrops(false));
    cluster.awaitSettled();
  }

  @Test
  void rebalance_isRefused_whileAShardHasNoLeader() throws Exception {
    cluster.setFactor(1);
    start(3);
    cluster.awaitSettled();
    cluster.stop(cluster.node("n1").raft().view().membersOf(0).get(0).id());
    Node asked = cluster.node(cluster.leader());
    await().atMost(PATIENCE).until(() -> asked.raft().view().leader(0) == null);

    assertThatThrownBy(() -> asked.membership().rebalance())
        .hasMessageContaining("Shard 0 has no leader now")
        .extracting("code")
        .isEqualTo(ErrorCode.UNAVAILABLE);
  }

  /** Where the host is told something, its node is closed, and started again. */
  @ParameterizedTest
  @MethodSource("steps")
  void nodeThatDiesAtAStep_goesOnThere(Call step) throws Exception {
    start(4);
    cluster.awaitSettled();
    List<String> founders = List.copyOf(cluster.running().keySet());
    for (String id : founders) {
      cluster.stop(id);
      cluster.start(id, cluster.options(id), Set.of(step));
    }
    cluster.start("n5", cluster.options("n5"), Set.of(step));
    add("n1", "n5");

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

  /** One of them, and all in the long run. */
  static List<Call> steps() {
    return Boolean.getBoolean("long") ? List.of(Call.values()) : List.of(Call.CAME);
  }

  @EnabledIfSystemProperty(named = "long", matches = "true")
  @Test
  void whoMovesThem_diesAfterEachChange_underWrites_andNoneIsLost() throws Exception {
    start(4);
    cluster.awaitSettled();
    cluster.start("n5");
    CompletableFuture<List<String>> written =
        CompletableFuture.supplyAsync(this::writeOn, task -> new Thread(task).start());
    add("n1", "n5");

    for (int kills = 0; kills < 4; kills++) {
      Map<Integer, List<String>> before = cluster.members("n5");
      await()
          .atMost(PATIENCE)
          .pollInterval(50, TimeUnit.MILLISECONDS)
          .until(() -> isDone() || !cluster.members("n5").equals(before));
      String dies = cluster.leader();
      if (!dies.equals("n5")) {
        cluster.stop(dies);
        cluster.start(dies);
      }
    }

    cluster.awaitSettled();
    assertEven(2, 3);
    ends = true;
    List<String> acknowledged = written.get(60, TimeUnit.SECONDS);
    assertThat(acknowledged).isNotEmpty();
    write("n5", 0, "last");
    for (Node node : cluster.running().values()) {
      if (node.host().here().contains(0)) {
        Store store = node.host().store(0);
        await().atMost(PATIENCE).until(() -> store.get(Key.of("last")) != null);
        assertThat(acknowledged).allMatch(key -> store.get(Key.of(key)) != null);
      }
    }
  }

  private boolean isDone() {
    return isEven(2, 3) && cluster.node("n5").membership().moves().isEmpty();
  }

  /** The keys whose writes were acknowledged. */
  private List<String> writeOn() {
    List<String> acknowledged = new ArrayList<>();
    for (int number = 0; !ends; number++) {
      try {
        write("n5", 0, "w" + number);
        acknowledged.add("w" + number);
      } catch (KeyValueException e) {
        assertThat(e.code()).isIn(ErrorCode.UNAVAILABLE, ErrorCode.INDETERMINATE);
      }
    }
    return acknowledged;
  }

  /** What a node left behind that was killed while it joined, or while it dropped a replica. */
  @ParameterizedTest
  @MethodSource("marks")
  void replicaThatWasNotEnded_isDropped(String mark) throws Exception {
    start(4);
    cluster.awaitSettled();
    int other = notAt("n1");
    cluster.stop("n1");
    Files.writeString(cluster.options("n1").directory().resolve("replica-" + other), mark);

    Node node = cluster.start("n1");

    assertThat(node.host().shards()).contains(other);
    cluster.awaitSettled();
    assertThat(node.host().shards()).doesNotContain(other);
    assertThat(node.raft().failure(other)).isNull();
  }

  static List<String> marks() {
    return Boolean.getBoolean("long") ? List.of("founder\n", "joined\n") : List.of("joined\n");
  }

  private int notAt(String id) {
    return IntStream.range(0, SHARDS)
        .filter(shard -> !cluster.node(id).host().shards().contains(shard))
        .findFirst()
        .orElseThrow();
  }

  @EnabledIfSystemProperty(named = "long", matches = "true")
  @Test
  void replicaThatWasNotEnded_andIsWantedAgain_isMadeAnew() throws Exception {
    start(4);
    cluster.awaitSettled();
    int other = notAt("n1");
    cluster.stop("n1");
    Files.writeString(cluster.options("n1").directory().resolve("replica-" + other), "founder\n");
    Node node = cluster.start("n1");
    assertThat(node.raft().failure(other)).hasMessageContaining("must not vote");

    cluster.stop("n4");
    await()
        .atMost(PATIENCE)
        .ignoreExceptionsInstanceOf(KeyValueException.class)
        .until(
            () -> {
              node.membership().remove("n4");
              return true;
            });

    cluster.awaitSettled();
    assertEven(4, 4);
    assertAllThere();
  }

  @Test
  void anotherNumberOfReplicas_isSaid_andCountsAsNotThere() throws Exception {
    start(3);
    cluster.stop("n3");
    Node other = cluster.start("n3", cluster.options("n3").withFactor(2), Set.of());

    assertThat(other.raft().problemsWithPeers())
        .anyMatch(
            problem -> problem.matches("Node n1 .*kv.replication-factor is to be the same.*"));
    RaftNode node = cluster.node("n1").raft();
    await()
        .atMost(PATIENCE)
        .until(() -> !node.isThere("n3") && node.problem("n3").contains("kv.replication-factor"));
  }

  /** It may be that it is handed over who leads. */
  private void add(String at, String id) {
    await()
        .atMost(PATIENCE)
        .ignoreExceptionsInstanceOf(KeyValueException.class)
        .until(
            () -> {
              cluster.node(at).membership().add(cluster.member(id));
              return true;
            });
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
    assertEven(least, most, REPLICAS);
  }

  private void assertEven(int least, int most, int replicas) {
    assertThat(counts().values()).allSatisfy(count -> assertThat(count).isBetween(least, most));
    assertThat(counts()).hasSize(cluster.running().size());
    Collection<List<String>> members = cluster.members(cluster.leader()).values();
    assertThat(members).allSatisfy(ids -> assertThat(ids).hasSize(replicas));
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
