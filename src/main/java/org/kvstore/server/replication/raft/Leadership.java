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

  private final RaftNode node;
  private final int shard;
  private final RaftGroupId group;
  private volatile long knownAt = System.nanoTime();

  Leadership(RaftNode node, int shard) {
    this.node = node;
    this.shard = shard;
    group = node.groupId(shard);
  }

  int shard() {
    return shard;
  }

  RaftGroupId group() {
    return group;
  }

  /** The leader, ready for writes if it is this node; null when none is known. */
  @Nullable RaftPeerId known() {
    RaftPeer leader = leader();
    return leader == null ? null : leader.getId();
  }

  /** The same, with its address. */
  @Nullable RaftPeer leader() {
    RaftPeer peer = node.isHere(shard) ? heardHere() : heardElsewhere();
    if (peer != null && !peer.getId().equals(node.server().getId())) {
      node.transport().connect(peer);
    }
    return peer;
  }

  private @Nullable RaftPeer heardHere() {
    node.lookNowAndThen(shard);
    RaftServer.Division division = node.division(shard);
    RaftPeerId leader = division == null ? null : division.getInfo().getLeaderId();
    if (!node.hasReplica(shard)) {
      // One that comes has not lost its leader yet.
      knownAt = System.nanoTime();
    }
    if (division == null || leader == null || !Observer.hasQuorum(division)) {
      return null;
    }
    knownAt = System.nanoTime();
    boolean isNotReady =
        leader.equals(node.server().getId()) && !division.getInfo().isLeaderReady();
    return isNotReady ? null : division.getRaftConf().getPeer(leader);
  }

  private @Nullable RaftPeer heardElsewhere() {
    Member leader = node.leaderOf(shard);
    if (leader == null) {
      return null;
    }
    knownAt = System.nanoTime();
    return leader.peer();
  }

  /** Whether {@link #known} has found none for longer than an election takes. */
  boolean isLost() {
    return System.nanoTime() - knownAt > PATIENCE_NANOS;
  }

  /** Whether this node leads, and has applied all that leaders before it have acknowledged. */
  boolean isOwn() {
    RaftServer.Division division = node.division(shard);
    return division != null && division.getInfo().isLeaderReady();
  }
}
