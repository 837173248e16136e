package org.kvstore.server.replication.raft;

import java.util.concurrent.TimeUnit;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.server.RaftServer;
import org.jspecify.annotations.Nullable;

/**
 * Who leads a shard, as its replica on this node knows from the leader's own messages; where none
 * is that may be read, by what other nodes have said lately. The replica knows nobody while there
 * is an election, and where a majority cannot be reached: Raft itself takes some seconds more to
 * say so, and would take writes into its log meanwhile.
 */
final class Leadership {
  static final String NONE = "The shard has no leader now, as far as this node can see.";

  /** Longer than an election takes. */
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(6);

  private final Replicas replicas;
  private final ClusterView view;
  private final int shard;
  private final RaftGroupId group;
  private volatile long knownAt = System.nanoTime();

  Leadership(Replicas replicas, ClusterView view, int shard, RaftGroupId group) {
    this.replicas = replicas;
    this.view = view;
    this.shard = shard;
    this.group = group;
  }

  /** Whether there is a replica of the shard here that is to be read from. */
  boolean isHere() {
    return replicas.isHere(shard);
  }

  RaftGroupId group() {
    return group;
  }

  /** The leader, ready for writes if it is this node; null when none is known. */
  @Nullable RaftPeer leader() {
    return isHere() ? heardHere() : heardElsewhere();
  }

  private @Nullable RaftPeer heardHere() {
    replicas.lookNowAndThen(shard);
    RaftServer.Division division = replicas.division(shard);
    RaftPeerId leader = division == null ? null : division.getInfo().getLeaderId();
    if (division == null || leader == null || !Observer.hasQuorum(division)) {
      return null;
    }
    knownAt = System.nanoTime();
    boolean isNotReady = leader.equals(division.getId()) && !division.getInfo().isLeaderReady();
    return isNotReady ? null : division.getRaftConf().getPeer(leader);
  }

  private @Nullable RaftPeer heardElsewhere() {
    Member leader = view.leaderOf(shard);
    if (leader == null) {
      return null;
    }
    knownAt = System.nanoTime();
    return leader.peer();
  }

  /** Whether {@link #leader} has found none for longer than an election takes. */
  boolean isLost() {
    return System.nanoTime() - knownAt > PATIENCE_NANOS;
  }

  /** Whether this node leads, and has applied all that leaders before it have acknowledged. */
  boolean isOwn() {
    return replicas.lead(shard);
  }
}
