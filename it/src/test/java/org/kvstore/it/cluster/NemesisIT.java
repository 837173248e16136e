package org.kvstore.it.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.kvstore.it.support.InTurn;
import org.kvstore.it.support.Seed;

/**
 * Clients on a cluster to whose nodes and network all kinds of things happen: each key is
 * linearizable, nothing that was acknowledged is lost, watches miss nothing, and in the end all
 * nodes hold the same.
 *
 * <p>Some things happen once, on three nodes. With {@code -Plong} each does again and again, until
 * clients have done {@code -Drequests=100000} operations, on three and on five. {@code -Dseed=N}
 * draws the same again, as far as it is not up to the processes.
 */
@InTurn
class NemesisIT {
  /** What takes little time; that all are killed is a story of {@link ClusterIT}. */
  private static final Set<Nemesis> SHORT =
      EnumSet.of(Nemesis.KILL_LEADER, Nemesis.PAUSE_LEADER, Nemesis.ISOLATE_LEADER);

  private static final int CLIENTS = 12;
  private static final int OPERATIONS = 100_000;
  private static final int OPERATIONS_BETWEEN = 200;
  private static final Duration PATIENCE = Duration.ofMinutes(3);

  private final Random random = Seed.random("NemesisIT");

  @Test
  void someNemesesOnce_areSurvived() throws Exception {
    try (Cluster cluster = new Cluster("nemesis", 3)) {
      cluster.start();
      History history = new History(cluster.shards());
      for (Nemesis nemesis : SHORT) {
        survive(cluster, history, nemesis, 1);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  @EnabledIfSystemProperty(named = "long", matches = "true")
  void nemesisAgainAndAgain_isSurvived(Nemesis nemesis) throws Exception {
    int operations = Integer.getInteger("requests", OPERATIONS);
    for (int size : List.of(3, 5)) {
      try (Cluster cluster = cluster(nemesis, size)) {
        cluster.start();
        assertThat(nemesis.isPossible(cluster)).as("%s on this machine", nemesis).isTrue();
        survive(cluster, new History(cluster.shards()), nemesis, operations);
      }
    }
  }

  private static Cluster cluster(Nemesis nemesis, int size) {
    return nemesis == Nemesis.SWING_CLOCKS && WallClock.isThere()
        ? Cluster.withClocks("nemesis", size)
        : new Cluster("nemesis", size);
  }

  private void survive(Cluster cluster, History history, Nemesis nemesis, int operations)
      throws Exception {
    String name = nemesis.name().toLowerCase(java.util.Locale.ROOT);
    boolean isTimeSteady = nemesis != Nemesis.SWING_CLOCKS;
    try (Round round = new Round(cluster, name, CLIENTS, random, isTimeSteady)) {
      int strikes = 0;
      do {
        awaitOperations(round, OPERATIONS_BETWEEN);
        nemesis.strike(cluster, random);
        Nemesis.hold(random);
        cluster.heal();
        awaitOperations(round, OPERATIONS_BETWEEN);
        strikes++;
      } while (round.operations() < operations);
      round.check(history);
      System.out.printf(
          "NemesisIT: %s nodes=%d strikes=%d operations=%d %s%n  %s%n",
          nemesis,
          cluster.nodes().size(),
          strikes,
          round.operations(),
          round.journal().times(),
          round.journal());
    } catch (Throwable e) {
      System.out.printf("NemesisIT: %s has failed%s%n", nemesis, cluster.describe());
      throw e;
    }
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
