package org.kvstore.server.replication.raft;

import java.io.IOException;

/** A node does not lead a shard, or no majority hears it; nothing was proposed. */
final class NotLeadingException extends IOException {
  private static final long serialVersionUID = 1;

  NotLeadingException() {
    super("The node does not lead the shard.");
  }
}
