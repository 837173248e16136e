package org.kvstore.server.replication.raft;

import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.ratis.protocol.ClientId;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.TransferLeadershipRequest;
import org.apache.ratis.protocol.exceptions.LeaderSteppingDownException;
import org.jspecify.annotations.Nullable;

/**
 * Has a leader give up that takes no writes: as it is handing over, for longer than any handover
 * lasts, or as nobody knows what becomes of its entries.
 *
 * <p>A handover to a node that has just gone may fail at once, and Ratis 3.3 then answers that it
 * failed, but keeps it: only the next election ends it. And a leader whose disk hangs commits
 * nothing, though all others have it, but is heard of and so goes on leading.
 *
 * <p>To be called by one thread at a time.
 */
final class StuckHandover {
  private static final Logger LOG = System.getLogger(StuckHandover.class.getName());

  /** Longer than a handover may take, see {@link GroupAdmin} and {@link Resignation}. */
  static final long PATIENCE_MILLIS = GroupAdmin.TRANSFER_MILLIS + 500;

  private final RaftGroups raft;
  private final RaftGroupId group;
  private final ClientId client = ClientId.randomId();

  /** When the first of those writes was refused that have all been, since; 0 when none was. */
  private long since;

  StuckHandover(RaftGroups raft, RaftGroupId group) {
    this.raft = raft;
    this.group = group;
  }

  /**
   * Takes note of what became of an entry that was proposed here.
   *
   * @param failure null when it was applied
   */
  void ended(@Nullable Throwable failure) {
    long now = System.nanoTime();
    if (failure instanceof TimeoutException) {
      since = 0;
      giveUp();
    } else if (!(failure instanceof LeaderSteppingDownException)) {
      since = 0;
    } else if (since == 0) {
      since = now | 1;
    } else if (now - since > TimeUnit.MILLISECONDS.toNanos(PATIENCE_MILLIS)) {
      since = 0;
      giveUp();
    }
  }

  private void giveUp() {
    LOG.log(Level.WARNING, "A leader that takes no writes gives up. group={0}", group);
    TransferLeadershipRequest request =
        new TransferLeadershipRequest(client, raft.self(), group, 0, null, PATIENCE_MILLIS);
    try {
      raft.server().transferLeadershipAsync(request);
    } catch (IOException | RuntimeException e) {
      LOG.log(Level.WARNING, "It could not be given up. group={0}", group, e);
    }
  }
}
