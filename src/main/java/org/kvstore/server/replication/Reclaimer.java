package org.kvstore.server.replication;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Clock;
import java.util.List;
import java.util.function.Supplier;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.store.Store;

/**
 * Makes room while the {@link Quota} is reached: what was deleted takes room until the files that
 * hold it are rewritten, which nothing else would do as long as nothing can be written.
 */
public final class Reclaimer {
  private static final Logger LOG = System.getLogger(Reclaimer.class.getName());

  /** Rewriting takes at most one part in this many of the time. */
  private static final long SHARE = 5;

  private static final long LEAST_PAUSE_MILLIS = 2_000;

  private final Supplier<List<Store>> stores;
  private final Quota quota;
  private final Clock clock;
  private long notBefore = Long.MIN_VALUE;

  /**
   * @param stores gives all that count for the quota now
   */
  public Reclaimer(Supplier<List<Store>> stores, Quota quota, Clock clock) {
    this.stores = stores;
    this.quota = quota;
    this.clock = clock;
  }

  /** Measures the files for the quota; to be called several times a second. */
  public void measure() {
    attempt(quota::measure);
  }

  /** Makes room if it is wanted, which may take long; to be called by one thread at a time. */
  public void run() {
    if (quota.isReached() && clock.millis() >= notBefore) {
      attempt(this::reclaim);
    }
  }

  private void reclaim() {
    long started = clock.millis();
    long before = usedBytes();
    try {
      stores.get().forEach(Store::reclaim);
    } finally {
      long took = clock.millis() - started;
      notBefore = started + Math.max(LEAST_PAUSE_MILLIS, SHARE * took);
    }
    quota.measure();
    long after = usedBytes();
    if (after < before) {
      LOG.log(
          Level.INFO,
          "Room was made for the quota. bytesBefore={0} bytesAfter={1}",
          Long.toString(before),
          Long.toString(after));
    }
  }

  private long usedBytes() {
    return stores.get().stream().mapToLong(Store::usedBytes).sum();
  }

  private static void attempt(Runnable task) {
    try {
      task.run();
    } catch (KeyValueException e) {
      if (e.code() != ErrorCode.UNAVAILABLE) {
        LOG.log(Level.WARNING, "The files could not be looked at or rewritten.", e);
      }
    } catch (RuntimeException e) {
      LOG.log(Level.ERROR, "The files could not be looked at or rewritten.", e);
    }
  }
}
