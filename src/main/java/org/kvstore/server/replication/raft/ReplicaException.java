package org.kvstore.server.replication.raft;

import java.io.IOException;

/** Why a replica is not to take part, and what to do; for people. */
final class ReplicaException extends IOException {
  private static final long serialVersionUID = 1;

  /** Where the log of a replica is not all that it was. */
  static final String LOST_LOG =
      "It must not vote. Remove this node from the cluster (kv cluster remove) and wait until that is"
          + " done, start it with an empty data directory and kv.cluster.join=true, and add it (kv"
          + " cluster add): the others send it everything. If the shard has no other replica, keep"
          + " this directory, and begin a new cluster from a backup.";

  ReplicaException(String message) {
    super(message);
  }
}
