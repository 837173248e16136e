package org.kvstore.server.replication.raft;

import java.nio.file.Path;
import java.util.List;

/**
 * What a node knows of its cluster from the start.
 *
 * @param clusterId names the cluster; nodes of another one are not talked to
 * @param self the node's own id, one of those of the members
 * @param members the founding nodes, the same list on each
 * @param directory where the logs are kept, with a directory for each shard
 * @param log how they are kept
 */
public record ClusterOptions(
    String clusterId, String self, List<Member> members, Path directory, LogOptions log) {

  /** Copies the list. */
  public ClusterOptions {
    members = List.copyOf(members);
  }

  /** With the logs of an unconfigured service. */
  public ClusterOptions(String clusterId, String self, List<Member> members, Path directory) {
    this(clusterId, self, members, directory, LogOptions.DEFAULT);
  }

  /** The same with other logs. */
  public ClusterOptions with(LogOptions others) {
    return new ClusterOptions(clusterId, self, members, directory, others);
  }

  /** The node itself. */
  Member own() {
    return members.stream().filter(member -> member.id().equals(self)).findFirst().orElseThrow();
  }
}
