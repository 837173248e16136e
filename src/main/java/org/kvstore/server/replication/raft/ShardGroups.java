package org.kvstore.server.replication.raft;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.ratis.protocol.RaftGroup;
import org.apache.ratis.protocol.RaftGroupId;

/**
 * The shards of the cluster as Raft groups: the same on every node of it, and on none of another.
 * The last shard is the registry, which is on every node; its members are those of the cluster.
 */
final class ShardGroups {
  private final ClusterOptions options;
  private final int registry;
  private final boolean arePlaced;

  /** They are asked for with each write, and take a digest to make. */
  private final Map<Integer, RaftGroupId> ids = new ConcurrentHashMap<>();

  /**
   * @param registry the number of the last shard
   * @param arePlaced whether replicas of the others come and go; else each node has one of each
   */
  ShardGroups(ClusterOptions options, int registry, boolean arePlaced) {
    this.options = options;
    this.registry = registry;
    this.arePlaced = arePlaced;
  }

  /** The number of the registry. */
  int registry() {
    return registry;
  }

  /** Whether replicas of a shard come to nodes and go from them. */
  boolean isPlaced(int shard) {
    return arePlaced && shard != registry;
  }

  /** Whether those of any shard do. */
  boolean arePlaced() {
    return arePlaced;
  }

  /** The group of a shard. */
  RaftGroupId id(int shard) {
    return ids.computeIfAbsent(shard, this::newId);
  }

  private RaftGroupId newId(int shard) {
    String name = options.clusterId() + "/" + shard;
    return RaftGroupId.valueOf(UUID.nameUUIDFromBytes(name.getBytes(StandardCharsets.UTF_8)));
  }

  /** The same with its members, as it is founded. */
  RaftGroup founded(int shard) {
    List<Member> founders = isPlaced(shard) ? options.founders(shard) : options.members();
    return RaftGroup.valueOf(id(shard), founders.stream().map(Member::peer).toList());
  }
}
