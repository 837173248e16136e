package org.kvstore.server.replication.raft;

import java.io.IOException;

/** Why a replica is not to take part, and what to do; for people. */
final class ReplicaException extends IOException {
  private static final long serialVersionUID = 1;

  ReplicaException(String message) {
    super(message);
  }
}
