package org.kvstore.server.replication.raft;

import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.crypto.LogKeys;
import org.kvstore.server.model.KeyValueException;

/**
 * What a node knows of its cluster from the start.
 *
 * @param clusterId names the cluster; nodes of another one are not talked to
 * @param self the node's own id, one of those of the members
 * @param members the founding nodes, the same list on each; of one that joins, some that are there
 *     and itself
 * @param joins whether it joins a cluster that is there, rather than being one of its founders
 * @param url where clients reach it; empty when it was not told
 * @param shards how many there are, from the first start of the cluster on
 * @param factor how many replicas each data shard has, if there are as many nodes; the same on all
 * @param directory where the logs are kept, with a directory for each shard
 * @param endpoint where it listens
 * @param log how the logs are kept
 * @param keys what their entries are encrypted with; the same on all nodes
 */
public record ClusterOptions(
    String clusterId,
    String self,
    List<Member> members,
    boolean joins,
    String url,
    int shards,
    int factor,
    Path directory,
    Endpoint endpoint,
    LogOptions log,
    LogKeys keys) {
  /** As many replicas as there may be nodes. */
  public static final int MOST_REPLICAS = 7;

  private static final int SHARDS = 16;

  /** Copies the list, and checks it. */
  public ClusterOptions {
    members = List.copyOf(members);
    Set<String> ids = new HashSet<>();
    Set<String> addresses = new HashSet<>();
    for (Member member : members) {
      if (!ids.add(member.id()) || !addresses.add(member.raftAddress())) {
        throw wrong(
            "names %s=%s, and another node of the same id or address"
                .formatted(member.id(), member.raftAddress()));
      }
    }
    if (!ids.contains(self)) {
      throw wrong("does not name this node, kv.cluster.node=" + self);
    }
  }

  /**
   * On loopback, with {@value #SHARDS} shards, each on every node, and with the logs of an
   * unconfigured service.
   */
  public ClusterOptions(String clusterId, String self, List<Member> members, Path directory) {
    this(
        clusterId,
        self,
        members,
        false,
        "",
        SHARDS,
        MOST_REPLICAS,
        directory,
        Endpoint.LOOPBACK,
        LogOptions.DEFAULT,
        LogKeys.NONE);
  }

  /** The same with other logs. */
  public ClusterOptions with(LogOptions others) {
    return new ClusterOptions(
        clusterId, self, members, joins, url, shards, factor, directory, endpoint, others, keys);
  }

  /** The same with keys. */
  public ClusterOptions with(LogKeys others) {
    return new ClusterOptions(
        clusterId, self, members, joins, url, shards, factor, directory, endpoint, log, others);
  }

  /** The same at another endpoint. */
  public ClusterOptions at(Endpoint other) {
    return new ClusterOptions(
        clusterId, self, members, joins, url, shards, factor, directory, other, log, keys);
  }

  /** The same in a cluster of another name. */
  ClusterOptions named(String other) {
    return new ClusterOptions(
        other, self, members, joins, url, shards, factor, directory, endpoint, log, keys);
  }

  /** The same with another number of shards. */
  ClusterOptions withShards(int number) {
    return new ClusterOptions(
        clusterId, self, members, joins, url, number, factor, directory, endpoint, log, keys);
  }

  /** The same with another number of replicas. */
  ClusterOptions withFactor(int number) {
    return new ClusterOptions(
        clusterId, self, members, joins, url, shards, number, directory, endpoint, log, keys);
  }

  /** The same of a node that joins. */
  ClusterOptions joining() {
    return new ClusterOptions(
        clusterId, self, members, true, url, shards, factor, directory, endpoint, log, keys);
  }

  /** Who begins with a replica of a data shard when the cluster is founded. */
  List<Member> founders(int shard) {
    List<String> ids = members.stream().map(Member::id).toList();
    List<String> placed = Placement.initial(ids, shard, factor);
    return members.stream().filter(member -> placed.contains(member.id())).toList();
  }

  private static KeyValueException wrong(String what) {
    return KeyValueException.of(ErrorCode.UNAVAILABLE, "kv.cluster.members " + what + ".");
  }

  /** The node itself. */
  public Member own() {
    return members.stream().filter(member -> member.id().equals(self)).findFirst().orElseThrow();
  }
}
