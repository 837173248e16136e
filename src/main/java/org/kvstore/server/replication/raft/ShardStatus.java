package org.kvstore.server.replication.raft;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A shard as this node sees it.
 *
 * @param shard its number
 * @param role this node's part in it
 * @param leader the node that leads it; null when this node knows none
 * @param term the newest that this node knows
 * @param applied how far this node's replica has applied the log: an index, -1 before the first and
 *     where there is none
 * @param committed how far the log is known here to be committed: an index; -1 where it is not
 * @param hasQuorum whether a majority of the members was there a moment ago, as far as is known; by
 *     what others say, where no replica here takes part
 * @param members those that vote, in the order of their names
 * @param problem why this node's replica takes no part, and what to do; empty when it does
 */
public record ShardStatus(
    int shard,
    Role role,
    @Nullable String leader,
    long term,
    long applied,
    long committed,
    boolean hasQuorum,
    List<Replica> members,
    String problem) {

  /** What part a replica has. */
  public enum Role {
    LEADER,
    FOLLOWER,
    CANDIDATE,
    /** It takes no part. */
    OUT,
    /** It is on other nodes only; what is known is what they say. */
    ELSEWHERE
  }

  /** Copies the list. */
  public ShardStatus {
    members = List.copyOf(members);
  }

  /**
   * A replica, as far as this node knows.
   *
   * @param node its node
   * @param raftAddress where other nodes reach it
   * @param lag entries that are committed and that it is not known to have heard of, by the word of
   *     the leader of a moment ago; -1 where that is not known
   * @param silentMillis how long ago it was heard of; -1 where that is not known
   */
  public record Replica(String node, String raftAddress, long lag, long silentMillis) {}
}
