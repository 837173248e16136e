package org.kvstore.it.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledIfSystemProperty;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.kvstore.it.support.InTurn;
import org.kvstore.it.support.Seed;

/**
 * Clients on a cluster to whose nodes, network and members all kinds of things happen: each key is
 * linearizable, nothing that was acknowledged is lost, watches miss nothing, what single nodes show
 * does not go back, and in the end all nodes hold the same.
 *
 * <p>Some things happen once, on three nodes. With {@code -Plong} each does again and again, until
 * clients have done {@code -Drequests=100000} operations, on three nodes and on five with three
 * replicas of each shard; {@code -Dnemesis=KILL_LEADER -Dnodes=5 -Dfactor=3} is one of those alone.
 * {@code -Dseed=N} draws the same again, as far as it is not up to the processes.
 */
@InTurn
class NemesisIT {
  /** One of each sort, of what takes little time. */
  private static final List<Nemesis> SHORT =
      List.of(
          Nemesis.KILL_LEADER,
          Nemesis.PAUSE_LEADER,
          Nemesis.ISOLATE_LEADER,
          Nemesis.SILENCE_LEADER,
          Nemesis.KILL_ALL);

  private static final List<Integer> SIZES = List.of(3, 5);
  private static final int FACTOR = 3;
  private static final int CLIENTS = 12;
  private static final int OPERATIONS = 100_000;
  private static final int LEAST_BETWEEN = 200;

  /** Where each takes half a minute, there are not to be hundreds of them. */
  private static final int MOST_STRIKES = 25;

  private static final int OPERATIONS_WITH_KILLS = 100_000;
  private static final Duration PATIENCE = Duration.ofMinutes(3);

  private final long seed = Seed.next("NemesisIT");
  private final Random random = new Random(seed);

  @Test
  @DisabledIfSystemProperty(named = "nemesis", matches = ".+")
  void someNemesesOnce_areSurvived() throws Exception {
    try (Cluster cluster = new Cluster("nemesis", 3)) {
      cluster.start();
      History history = new History(cluster.shards());
      for (Nemesis nemesis : SHORT) {
        survive(cluster, history, nemesis, 1);
      }
      Disks.requireEqual(cluster);
    }
  }

  @ParameterizedTest(name = "{0}, {1} nodes, {2} replicas")
  @MethodSource("all")
  @EnabledIfSystemProperty(named = "long", matches = "true")
  void nemesisAgainAndAgain_isSurvived(Nemesis nemesis, int size, int factor) throws Exception {
    try (Cluster cluster = cluster(nemesis, size, factor)) {
      cluster.start();
      assertThat(nemesis.isPossible(cluster)).as("%s on this machine", nemesis).isTrue();
      int operations = Integer.getInteger("requests", OPERATIONS);
      survive(cluster, new History(cluster.shards()), nemesis, operations);
      Disks.requireEqual(cluster);
    }
  }

  static Stream<Arguments> all() {
    String only = System.getProperty("nemesis", "");
    int factor = Integer.getInteger("factor", FACTOR);
    List<Integer> sizes = Stream.of(Integer.getInteger("nodes", 0)).filter(n -> n > 0).toList();
    return Arrays.stream(Nemesis.values())
        .filter(nemesis -> only.isEmpty() || nemesis.name().equals(only))
        .flatMap(
            nemesis ->
                (sizes.isEmpty() ? SIZES : sizes)
                    .stream().map(size -> Arguments.of(nemesis, size, factor)));
  }

  private static Cluster cluster(Nemesis nemesis, int size, int factor) {
    Map<String, String> variables = Map.of("KV_REPLICATION_FACTOR", Integer.toString(factor));
    if (nemesis.movesReplicas()) {
      return Cluster.growing("nemesis", size, size + 1, variables);
    }
    boolean hasClocks = nemesis == Nemesis.SWING_CLOCKS && WallClock.isThere();
    return new Cluster("nemesis", size, variables, hasClocks);
  }

  private void survive(Cluster cluster, History history, Nemesis nemesis, int operations)
      throws Exception {
    AtomicInteger strikes = new AtomicInteger();
    try (Round round = new Round(cluster, nemesis, CLIENTS, random);
        Progress progress = new Progress(() -> state(cluster, nemesis, strikes, round))) {
      progress.start();
      int most = Integer.getInteger("strikes", MOST_STRIKES);
      int between = Math.max(LEAST_BETWEEN, operations / most / 2);
      do {
        awaitOperations(round, between);
        nemesis.strike(cluster, random, round.journal());
        Nemesis.hold(random);
        cluster.heal();
        awaitOperations(round, between);
        strikes.incrementAndGet();
      } while (round.operations() < operations);
      round.check(history);
      System.out.printf(
          "%s %s%n  %s%n",
          state(cluster, nemesis, strikes, round), round.journal().times(), round.journal());
      requireKills(nemesis, operations, round.journal());
    } catch (Throwable e) {
      System.out.printf("NemesisIT: %s has failed%s%n", nemesis, cluster.describe());
      throw e;
    }
  }

  /** A change may be done before the first kill of it; of many, not each. */
  private static void requireKills(Nemesis nemesis, int operations, Journal journal) {
    if (nemesis == Nemesis.MOVE_KILL && operations >= OPERATIONS_WITH_KILLS) {
      for (MemberChange.Step step : MemberChange.Step.values()) {
        assertThat(MemberChange.kills(step, journal))
            .as("kills after %s, in %s", step, journal)
            .isPositive();
      }
    }
  }

  private String state(Cluster cluster, Nemesis nemesis, AtomicInteger strikes, Round round) {
    return "NemesisIT: %s nodes=%d factor=%d seed=%d strikes=%d operations=%d"
        .formatted(
            nemesis,
            cluster.members().size(),
            cluster.replicas(),
            seed,
            strikes.get(),
            round.operations());
  }

  /** Waits until clients have done some more. */
  private static void awaitOperations(Round round, int more) {
    long enough = round.operations() + more;
    await()
        .atMost(PATIENCE)
        .pollInterval(Duration.ofMillis(10))
        .until(() -> round.operations() >= enough);
  }
}
