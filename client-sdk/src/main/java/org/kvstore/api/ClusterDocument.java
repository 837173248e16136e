package org.kvstore.api;

import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The answer of {@code GET /v1/cluster}, as the node that answers sees it; 404 where the server is
 * no node of a cluster.
 *
 * @param clusterId name of the cluster
 * @param nodes its nodes, by id
 * @param shards its data shards, by number
 * @param system the shard of the cluster's own entries
 * @param moves what is still to come or go of the replicas of shards; empty when all is done
 */
public record ClusterDocument(
    String clusterId, List<Node> nodes, List<Shard> shards, Shard system, List<Move> moves) {

  /** A node of an earlier version says nothing of moves. */
  public ClusterDocument {
    moves = Objects.requireNonNullElse(moves, List.of());
  }

  /**
   * One node.
   *
   * @param id names it in the cluster
   * @param url where clients reach it; null when it is not known
   * @param raftAddress {@code host:port} where the other nodes reach it
   * @param alive whether it has been heard of lately
   * @param self whether it is the node that answers
   * @param drained whether it leads no shard until it is told otherwise or started again
   * @param problem why the node that answers does not talk to it, for people, as one of another
   *     cluster, with another number of shards or replicas, or without a certificate that it takes;
   *     of the node that answers, why it takes no part; null when there is no reason
   */
  public record Node(
      String id,
      @Nullable String url,
      String raftAddress,
      boolean alive,
      boolean self,
      boolean drained,
      @Nullable String problem) {}

  /**
   * One shard.
   *
   * @param number its number, from 0
   * @param leader id of the node that leads it; null while nobody does
   * @param term the Raft term of that
   * @param replicas its replicas, by the id of their node; none while the node that answers has
   *     heard of none
   * @param quorum whether enough of them are alive for writes
   * @param problem why the replica of the node that answers takes no part, and what to do, for
   *     people; null when it does, and where it has none
   */
  public record Shard(
      int number,
      @Nullable String leader,
      long term,
      List<Replica> replicas,
      boolean quorum,
      @Nullable String problem) {}

  /**
   * One replica of a shard.
   *
   * @param node id of the node that has it
   * @param role {@code leader}, {@code follower} or {@code candidate}
   * @param appliedIndex the last index of the log that it is known to have applied; null where the
   *     node that answers does not know
   * @param lag how many entries of the log it is not known to have, by the word of the leader of a
   *     moment ago; 0 for the leader, null where the node that answers has not heard it
   */
  public record Replica(
      String node, String role, @Nullable Long appliedIndex, @Nullable Long lag) {}

  /**
   * What is still to come or go of the replicas of one shard.
   *
   * @param shard its number; that of the system's is the number of data shards
   * @param add ids of the nodes that are to have a replica
   * @param remove ids of the nodes that are to have none any more
   */
  public record Move(int shard, List<String> add, List<String> remove) {}
}
