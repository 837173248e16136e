package org.kvstore.server.replication.raft;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.server.RaftServer;
import org.jspecify.annotations.Nullable;

/**
 * Whether a replica that comes and goes belongs to this node. Each question errs on the side that
 * loses nothing: what is not known is answered with no.
 */
final class Belonging {
  /** One that a leader has spoken to within this time is a member's, or about to be. */
  private static final long SILENT_MILLIS = TimeUnit.SECONDS.toMillis(5);

  private static final Duration CURRENT = Duration.ofSeconds(2);

  private final String self;
  private final Replicas replicas;
  private final ClusterView view;
  private final Standings standings;

  Belonging(String self, Replicas replicas, ClusterView view, Standings standings) {
    this.self = self;
    this.replicas = replicas;
    this.view = view;
    this.standings = standings;
  }

  /** Whether it has heard that others are the members, as far as anybody knows. */
  boolean isForeign(int shard) {
    RaftServer.Division division = replicas.division(shard);
    if (division != null) {
      ShardWord own = ShardWord.of(shard, division);
      if (!own.names(self)) {
        return true;
      }
      return ShardWord.ofLeader(view.wordsOf(shard))
          .filter(word -> word.term() >= own.term())
          .filter(word -> word.configuration() > own.configuration())
          .filter(word -> !word.names(self))
          .isPresent();
    }
    return ShardWord.ofLeader(view.wordsOf(shard)).filter(word -> !word.names(self)).isPresent();
  }

  /** Whether it is a member's, and has caught up. */
  boolean follows(int shard) {
    RaftServer.Division division = replicas.division(shard);
    if (division == null || replicas.failure(shard) != null) {
      return false;
    }
    Duration age = replicas.age(shard);
    return age != null
        && age.compareTo(CURRENT) < 0
        && Observer.hasQuorum(division)
        && ShardWord.of(shard, division).names(self)
        && !isForeign(shard);
  }

  /** Whether this node is a member of the cluster. */
  boolean isOfCluster() {
    return view.hasSelf();
  }

  /** Whether no leader has spoken to it lately. */
  boolean isDeserted(int shard) {
    RaftServer.Division division = replicas.division(shard);
    return division == null
        || division.getInfo().getLeaderId() == null
        || !Observer.hasHeard(division, SILENT_MILLIS);
  }

  /**
   * Whether a leader whom a majority confirms now says that this node is no member of a shard. It
   * may wait for two seconds.
   */
  boolean isStranger(int shard) {
    Member leader = view.leaderOf(shard);
    if (leader == null) {
      return false;
    }
    Standing leads =
        Confirmation.ofOthers(standings, replicas.require(shard).group(), leader.peer())
            .<@Nullable Standing>handle((standing, failure) -> standing)
            .join();
    return leads != null && leads.allVoters().stream().noneMatch(this::isSelf);
  }

  private boolean isSelf(RaftPeer peer) {
    return peer.getId().equals(standings.self());
  }
}
