package org.kvstore.server.replication.raft;

import org.kvstore.server.store.Store;

/**
 * Who has the stores of a node, as its replicas come and go while it runs. One thread calls it, one
 * shard at a time, and another one {@link #goes}; each call may be repeated after a failure or a
 * restart.
 */
public interface ReplicaHost {

  /**
   * Opens the store of a replica that is to come here: a new empty one, or what was left behind
   * when that was interrupted. Nothing is read there yet.
   *
   * @throws org.kvstore.server.model.KeyValueException UNAVAILABLE when it cannot be opened
   */
  Store open(int shard);

  /** Closes the store of a replica that takes part no more, and deletes it; there may be none. */
  void drop(int shard);

  /** Whether there is room on the disk for a replica that has failed to begin again. */
  boolean hasRoom(int shard);

  /** The replica here follows the log and has caught up: reads go to it from now on. */
  void came(int shard);

  /** The replica here is about to go: reads go elsewhere from now on. */
  void goes(int shard);
}
