package org.kvstore.server.shard;

import java.util.List;
import org.kvstore.server.replication.raft.ReplicaHost;
import org.kvstore.server.store.Store;

/** Has the stores of the replicas that come to this node and go from it. */
final class ShardHost implements ReplicaHost {
  private final List<Shard> shards;

  /**
   * @param shards all of them, by number
   */
  ShardHost(List<Shard> shards) {
    this.shards = shards;
  }

  @Override
  public Store open(int shard) {
    return shards.get(shard).place().openNew();
  }

  @Override
  public void drop(int shard) {
    shards.get(shard).place().drop();
  }

  @Override
  public void came(int shard) {
    shards.get(shard).came();
  }

  @Override
  public void goes(int shard) {
    shards.get(shard).place().goes();
  }
}
