package org.kvstore.server.shard;

import java.util.List;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.replication.DiskSpace;
import org.kvstore.server.replication.raft.ReplicaHost;
import org.kvstore.server.store.Store;

/** Has the stores of the replicas that come to this node and go from it. */
final class ShardHost implements ReplicaHost {
  private final List<Shard> shards;
  private final DiskSpace disk;

  /**
   * @param shards all of them, by number
   * @param disk the one that they are on
   */
  ShardHost(List<Shard> shards, DiskSpace disk) {
    this.shards = shards;
    this.disk = disk;
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
  public boolean hasRoom(int shard) {
    Store store = shards.get(shard).place().storeOpen();
    try {
      return !disk.isLow() && (store == null || disk.freeBytes() >= store.recoveryBytes());
    } catch (KeyValueException unknown) {
      return false;
    }
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
