package org.kvstore.server.replication.raft;

import java.util.List;
import org.apache.ratis.server.RaftServer;
import org.jspecify.annotations.Nullable;

/**
 * Who belongs to the cluster, as this node's own replica of the registry sees it: the shard whose
 * members are those of the cluster, the last, that of the system.
 */
final class Registry {
  private final ClusterOptions options;
  private final int shard;
  private final Replicas replicas;

  Registry(ClusterOptions options, int shard, Replicas replicas) {
    this.options = options;
    this.shard = shard;
    this.replicas = replicas;
  }

  int shard() {
    return shard;
  }

  /** As Raft sees it here; null when this node takes no part in it. */
  RaftServer.@Nullable Division division() {
    return replicas.division(shard);
  }

  /** Nobody while this node takes no part. */
  List<Member> members() {
    return replicas.word(shard).map(ShardWord::members).orElse(List.of());
  }

  /** The same; those that this node was told of, while it takes no part. */
  List<Member> membersOrTold() {
    List<Member> members = members();
    return members.isEmpty() ? options.members() : members;
  }
}
