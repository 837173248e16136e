package org.kvstore.server.replication.raft;

import java.util.concurrent.TimeUnit;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.server.RaftServer;
import org.jspecify.annotations.Nullable;

/**
 * Who leads a shard, as its replica on this node knows from the leader's own messages. It knows
 * nobody while there is an election, and where a majority cannot be reached: Raft itself takes some
 * seconds more to say so, and would take writes into its log meanwhile.
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
    RaftPeer peer = division.getRaftConf().getPeer(leader);
    if (leader.equals(node.server().getId())) {
      return division.getInfo().isLeaderReady() ? peer : null;
    }
    if (peer != null) {
      node.transport().connect(peer);
    }
    return peer;
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
