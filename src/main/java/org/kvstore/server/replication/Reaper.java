package org.kvstore.server.replication;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Clock;
import java.util.concurrent.atomic.AtomicBoolean;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Command;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.model.Submission;
import org.kvstore.server.store.Store;

/**
 * Proposes the expiry of what is due. It never changes the store itself: an Expire command goes
 * through the same log as every other and makes ordinary delete events. One proposal is under way
 * at a time; one that leaves something over is followed by the next at once.
 */
public final class Reaper {
  private static final Logger LOG = System.getLogger(Reaper.class.getName());

  /** Entries that one proposal may expire, so that one revision stays bounded. */
  private static final int LIMIT = 1_000;

  /** Now and then a proposal is made in any case: it finds where the queues begin. */
  private static final long LOOK_MILLIS = 5_000;

  private final Store store;
  private final Replicator replicator;
  private final Clock clock;
  private final AtomicBoolean proposing = new AtomicBoolean();
  private volatile long proposedAt;

  public Reaper(Store store, Replicator replicator, Clock clock) {
    this.store = store;
    this.replicator = replicator;
    this.clock = clock;
    proposedAt = clock.millis();
  }

  /** Looks once; to be called several times a second. */
  public void run() {
    try {
      long now = clock.millis();
      boolean due = now - proposedAt >= LOOK_MILLIS || store.isDue(now);
      if (due && !proposing.get() && replicator.leads() && proposing.compareAndSet(false, true)) {
        proposedAt = now;
        propose();
      }
    } catch (KeyValueException e) {
      if (e.code() != ErrorCode.UNAVAILABLE) {
        LOG.log(Level.ERROR, "Looking for expired entries failed. code={0}", e.code(), e);
      }
    } catch (RuntimeException e) {
      LOG.log(Level.ERROR, "Looking for expired entries failed.", e);
    }
  }

  private void propose() {
    replicator
        .submit(new Submission(new Command.Expire(LIMIT), clock.millis(), null))
        .whenComplete(
            (outcome, failure) -> {
              proposing.set(false);
              if (outcome instanceof Outcome.Expired expired && expired.more()) {
                run();
              }
            });
  }
}
