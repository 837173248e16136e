package org.kvstore.server.replication.raft;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.RaftPeer;

/**
 * What this node's replica of a shard has to have applied for a linearizable read: as much as the
 * leader has committed, by its word that a majority has confirmed, see {@link Confirmation}.
 * Whatever was acknowledged before the read came, was acknowledged by this leader or an earlier
 * one, and this one has committed it. The leader and the followers serve such reads alike.
 *
 * <p>Raft's own reads are not used: a leader of Ratis that has had an index confirmed answers for
 * it again without asking anybody, however long it was paused meanwhile.
 */
final class ReadIndex {
  private static final long APPLY_MILLIS = 1_000;

  private final RaftGroupId group;
  private final Replicas replicas;
  private final RaftGroups raft;
  private final Standings standings;

  ReadIndex(RaftGroupId group, Replicas replicas, RaftGroups raft, Standings standings) {
    this.group = group;
    this.replicas = replicas;
    this.raft = raft;
    this.standings = standings;
  }

  /**
   * Completes when this node's replica shows all that was acknowledged before the call.
   *
   * @param leader who leads, as far as is known
   * @return completed on a thread that must not be blocked; fails when that cannot be told
   */
  CompletableFuture<Void> reached(RaftPeer leader) {
    return Confirmation.ofAll(standings, group, leader)
        .thenCompose(leads -> applied(leader, leads.committed()));
  }

  private CompletableFuture<Void> applied(RaftPeer leader, long index) {
    ShardReplica replica = replicas.of(group);
    if (replica == null) {
      return CompletableFuture.failedFuture(new IllegalStateException("The replica has gone."));
    }
    CompletableFuture<Void> applied = replica.machine().reaches(index);
    if (applied.isDone()) {
      return applied;
    }
    nudge(leader);
    return applied
        .orTimeout(APPLY_MILLIS, TimeUnit.MILLISECONDS)
        .exceptionallyCompose(
            late ->
                CompletableFuture.failedFuture(
                    new TimeoutException("This replica has not applied entry " + index + ".")));
  }

  /** Has the leader say how far it is, which it otherwise does with the next entry. */
  private void nudge(RaftPeer leader) {
    if (!leader.getId().equals(raft.self())) {
      raft.askForCommitIndex(group);
    }
  }
}
