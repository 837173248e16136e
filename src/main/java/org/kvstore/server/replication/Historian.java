package org.kvstore.server.replication;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Clock;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Command;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Retention;
import org.kvstore.server.model.Submission;
import org.kvstore.server.store.Store;

/**
 * Gives up history that is older than what is to be kept: it proposes a Compact command, which goes
 * through the log as any other, and then has the store delete what no read can reach any more, a
 * step at a time.
 */
public final class Historian {
  private static final Logger LOG = System.getLogger(Historian.class.getName());
  private static final long LOOK_MILLIS = 1_000;

  /** Steps in a row, so that one call does not keep its thread for long. */
  private static final int STEPS = 20;

  private final Store store;
  private final Replicator replicator;
  private final Retention retention;
  private final Clock clock;
  private long lookedAt;

  public Historian(Store store, Replicator replicator, Retention retention, Clock clock) {
    this.store = store;
    this.replicator = replicator;
    this.retention = retention;
    this.clock = clock;
    lookedAt = clock.millis();
  }

  /** Looks once; to be called several times a second, by one thread at a time. */
  public void run() {
    try {
      long now = clock.millis();
      if (now - lookedAt >= LOOK_MILLIS && replicator.leads()) {
        lookedAt = now;
        propose(now);
      }
      for (int step = 0; step < STEPS && store.sweep(); step++) {
        // What is left over is done at the next call.
      }
    } catch (KeyValueException e) {
      if (e.code() != ErrorCode.UNAVAILABLE) {
        LOG.log(Level.ERROR, "Compaction of the history failed. code={0}", e.code(), e);
      }
    } catch (RuntimeException e) {
      LOG.log(Level.ERROR, "Compaction of the history failed.", e);
    }
  }

  private void propose(long now) {
    long from = store.retainedFrom(now - retention.age().toMillis(), retention.revisions());
    if (from > store.compactedRevision()) {
      replicator.submit(new Submission(new Command.Compact(from), now, null));
    }
  }
}
