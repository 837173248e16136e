package org.kvstore.it.cluster;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/**
 * A member of a cluster is replaced by a node with another id and an empty disk, and replicas move
 * there; or leaders are moved away and back. Who is killed, and when, is what was rarest before.
 */
final class MemberChange {
  private static final int LEAST_KILLS = 2;
  private static final int MOST_KILLS = 3;
  private static final int KINDS = 4;
  private static final int MOST_LATE_MILLIS = 700;
  private static final int MOST_DOWN_MILLIS = 3_000;

  /** For the node that comes, a Java on busy CPUs, has to start before. */
  private static final long STEP_NANOS = TimeUnit.MINUTES.toNanos(3);

  private static final int LOOK_MILLIS = 30;

  private final Cluster cluster;
  private final Random random;
  private final Operator operator;
  private final Node goes;
  private final Node comes;
  private final boolean isDrained;
  private final boolean comesFirst;
  private final int mostKills;

  MemberChange(Cluster cluster, Random random) {
    this.cluster = cluster;
    this.random = new Random(random.nextLong());
    operator = new Operator(cluster, new Random(random.nextLong()));
    goes = cluster.members().get(random.nextInt(cluster.members().size()));
    comes = cluster.spare(random);
    isDrained = random.nextBoolean();
    comesFirst = random.nextBoolean();
    mostKills = LEAST_KILLS + random.nextInt(MOST_KILLS - LEAST_KILLS + 1);
  }

  /** Whose process is killed. */
  private enum Victim {
    /** Who has replicas come and go. */
    CONTROLLER,
    SOURCE,
    TARGET,
    /** Who leads some shard. */
    LEADER
  }

  /** How far a change is when a process is killed, as members tell. */
  enum Step {
    ASKED,
    /** The node that comes is a member, or the one that goes is none. */
    LISTED,
    /** The node that comes has a replica of a data shard. */
    GAINED,
    /** The node that goes has no replica of some shard that it had. */
    LOST
  }

  private record Kill(Victim victim, Step step, int lateMillis, int downMillis) {
    String name() {
      return "killed after %s: %s".formatted(step, victim);
    }

    /** At the steps that have been rarest so far, in their order; at each what was rarest there. */
    static List<Kill> drawn(List<Step> steps, int count, Random random, Journal journal) {
      List<Step> any = new ArrayList<>(steps);
      Collections.shuffle(any, random);
      return any.stream()
          .sorted(Comparator.comparing(step -> kills(step, journal)))
          .limit(count)
          .sorted()
          .map(step -> rarest(step, random, journal))
          .toList();
    }

    private static Kill rarest(Step step, Random random, Journal journal) {
      List<Kill> kills = new ArrayList<>();
      for (Victim victim : Victim.values()) {
        int late = random.nextInt(MOST_LATE_MILLIS);
        kills.add(new Kill(victim, step, late, random.nextInt(MOST_DOWN_MILLIS)));
      }
      Collections.shuffle(kills, random);
      return Collections.min(kills, Comparator.comparing(kill -> journal.counted(kill.name())));
    }
  }

  /** How many processes have been killed so far, of those to be after a step. */
  static long kills(Step step, Journal journal) {
    return journal.counted("killed after %s: ".formatted(step));
  }

  /** Replaces a member, and waits until that is done. */
  void replace() {
    System.out.printf("  %s%n", this);
    cluster.renew(comes);
    comes.start();
    replaceBy();
  }

  private void replaceBy() {
    if (isDrained) {
      operator.drain(goes);
    }
    if (comesFirst) {
      operator.add(comes);
      operator.remove(goes);
    } else {
      operator.remove(goes);
      operator.add(comes);
    }
    operator.awaitSettled();
  }

  /** Has another member lead nothing for a moment, and evens out who leads. */
  private void spread() {
    operator.drain(goes);
    operator.undrain(goes);
    operator.rebalance();
    operator.awaitSettled();
  }

  /**
   * Does the one or the other while processes that take part are killed and come back, and waits
   * until it is done all the same.
   *
   * @param journal counts the kills
   */
  void makeAmongKills(Journal journal) throws Exception {
    boolean replaces = random.nextInt(KINDS) > 0;
    List<Step> steps = replaces ? List.of(Step.values()) : List.of(Step.ASKED);
    List<Kill> kills = Kill.drawn(steps, mostKills, random, journal);
    System.out.printf("  %s %s%n", replaces ? this : goes.id() + " is drained", kills);
    long held = status().map(status -> replicas(status, goes)).orElse(0L);
    if (replaces) {
      cluster.renew(comes);
      comes.start();
    }
    CompletableFuture<Void> change =
        CompletableFuture.runAsync(replaces ? this::replaceBy : this::spread);
    for (Kill kill : kills) {
      if (!awaitStep(kill.step(), held, change)) {
        break;
      }
      pause(kill.lateMillis());
      if (change.isDone()) {
        break;
      }
      Node victim = victim(kill.victim(), replaces);
      System.out.printf("  kill -9 %s, %s after %s%n", victim.id(), kill.victim(), kill.step());
      victim.kill();
      journal.count(kill.name(), 1);
      pause(kill.downMillis());
      victim.start();
    }
    change.get();
  }

  /** Whether a change has come so far; not when it is done before, or takes for ever. */
  private boolean awaitStep(Step step, long held, CompletableFuture<Void> change) {
    long end = System.nanoTime() + STEP_NANOS;
    while (!isAt(step, held)) {
      if (change.isDone() || System.nanoTime() > end) {
        return false;
      }
      pause(LOOK_MILLIS);
    }
    return true;
  }

  private boolean isAt(Step step, long held) {
    return switch (step) {
      case ASKED -> true;
      case LISTED ->
          sees(status -> comesFirst == status.nodes().contains((comesFirst ? comes : goes).id()));
      case GAINED -> sees(status -> replicas(status, comes) > 0);
      case LOST -> sees(status -> replicas(status, goes) < held);
    };
  }

  /** Of how many data shards a node has a replica. */
  private long replicas(ClusterStatus status, Node node) {
    return status.replicas().subList(0, cluster.shards()).stream()
        .filter(nodes -> nodes.contains(node.id()))
        .count();
  }

  private boolean sees(Predicate<ClusterStatus> what) {
    return status().filter(what).isPresent();
  }

  private Optional<ClusterStatus> status() {
    return ClusterStatus.of(cluster.any(random));
  }

  private Node victim(Victim victim, boolean replaces) {
    return switch (victim) {
      case SOURCE -> goes;
      case TARGET -> replaces ? comes : cluster.any(random);
      case CONTROLLER ->
          status().map(ClusterStatus::controller).map(this::node).orElseGet(this::some);
      case LEADER -> {
        int shard = random.nextInt(cluster.shards());
        yield status().map(status -> status.leader(shard)).map(this::node).orElseGet(this::some);
      }
    };
  }

  private Node node(OptionalInt number) {
    return number.isPresent() ? cluster.node(number.getAsInt()) : some();
  }

  private Node some() {
    return cluster.any(random);
  }

  private static void pause(int millis) {
    try {
      TimeUnit.MILLISECONDS.sleep(millis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public String toString() {
    String how = isDrained ? ", drained before" : "";
    return comesFirst
        ? "%s comes, then %s goes%s".formatted(comes.id(), goes.id(), how)
        : "%s goes, then %s comes%s".formatted(goes.id(), comes.id(), how);
  }
}
