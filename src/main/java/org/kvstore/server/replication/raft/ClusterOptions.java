package org.kvstore.server.replication.raft;

import java.nio.file.Path;
import java.util.List;

/**
 * What a node knows of its cluster from the start.
 *
 * @param clusterId names the cluster; nodes of another one are not talked to
 * @param self the node's own id, one of those of the members
 * @param members the nodes
 * @param directory where the logs are kept, with a directory for each shard
 */
public record ClusterOptions(String clusterId, String self, List<Member> members, Path directory) {
  /** Copies the list. */
  public ClusterOptions {
    members = List.copyOf(members);
  }

  /** The node itself. */
  Member own() {
    return members.stream().filter(member -> member.id().equals(self)).findFirst().orElseThrow();
  }
}
