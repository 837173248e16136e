package org.kvstore.server.replication.raft;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.ratis.server.RaftServer;

/**
 * Logs when replicas on this node hear of no majority for longer than an election takes, and when
 * all hear of one again: once each. One thread looks, now and then.
 */
final class QuorumAlarm {
  private static final Logger LOG = System.getLogger(QuorumAlarm.class.getName());
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(6);

  /** There may be many shards. */
  private static final long LOOK_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final Replicas replicas;
  private final ReplicaFailures failures;
  private final Registry registry;
  private final Peers peers;
  private long lookedAt = System.nanoTime() - LOOK_NANOS;

  /** When all heard of a majority last. */
  private long wellAt = System.nanoTime();

  private boolean isLogged;

  QuorumAlarm(Replicas replicas, ReplicaFailures failures, Registry registry, Peers peers) {
    this.replicas = replicas;
    this.failures = failures;
    this.registry = registry;
    this.peers = peers;
  }

  void look() {
    long now = System.nanoTime();
    if (now - lookedAt < LOOK_NANOS) {
      return;
    }
    lookedAt = now;
    // A node that is no member hears of nobody, and says so itself.
    long without = failures.waits().isEmpty() ? shardsWithout() : 0;
    if (without == 0) {
      wellAt = now;
      if (isLogged) {
        LOG.log(Level.INFO, "All shards of this node have a majority again.");
      }
      isLogged = false;
    } else if (!isLogged && now - wellAt > PATIENCE_NANOS) {
      isLogged = true;
      LOG.log(
          Level.WARNING,
          "This node hears of no majority of {0} shards, which it can neither read nor write. {1}",
          without,
          silent());
    }
  }

  private long shardsWithout() {
    return replicas.divisions().stream().filter(QuorumAlarm::isWithout).count();
  }

  private static boolean isWithout(RaftServer.Division division) {
    return division.getInfo().getLeaderId() == null || !Observer.hasQuorum(division);
  }

  private String silent() {
    List<String> silent =
        registry.membersOrTold().stream().map(Member::id).filter(id -> !peers.isThere(id)).toList();
    return silent.isEmpty()
        ? "All nodes answer."
        : "These nodes do not answer: " + String.join(", ", silent) + ".";
  }
}
