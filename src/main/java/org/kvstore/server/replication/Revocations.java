package org.kvstore.server.replication;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Clock;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Lease;
import org.kvstore.server.store.Store;

/**
 * Goes on with revocations of leases that are at home in a shard and whose coordinator may be gone:
 * looks for them once a second, where the shard is led, some at a time, and a round after the
 * other. What a coordinator is still at is done twice, which does no harm.
 */
public final class Revocations {
  private static final Logger LOG = System.getLogger(Revocations.class.getName());
  private static final long LOOK_MILLIS = 1_000;

  /** Revocations under way at once. */
  private static final int LIMIT = 100;

  private final Store store;
  private final BooleanSupplier leads;
  private final LeaseCoordinator leases;
  private final Clock clock;
  private final AtomicBoolean underWay = new AtomicBoolean();
  private volatile long lookedAt;

  /** The lease that the next look begins behind. */
  private volatile long last;

  /**
   * @param store replica of the shard
   * @param leads says whether the shard is led here
   */
  public Revocations(Store store, BooleanSupplier leads, LeaseCoordinator leases, Clock clock) {
    this.store = store;
    this.leads = leads;
    this.leases = leases;
    this.clock = clock;
    lookedAt = clock.millis();
  }

  /** Looks if it is time; to be called at least once a second. */
  public void run() {
    long now = clock.millis();
    if (Math.abs(now - lookedAt) < LOOK_MILLIS || !leads.getAsBoolean()) {
      return;
    }
    if (underWay.compareAndSet(false, true)) {
      lookedAt = now;
      try {
        goOn();
      } catch (RuntimeException e) {
        underWay.set(false);
        if (!(e instanceof KeyValueException known && known.code() == ErrorCode.UNAVAILABLE)) {
          LOG.log(Level.ERROR, "Looking for unfinished revocations failed.", e);
        }
      }
    }
  }

  private void goOn() {
    List<Lease> endings = store.endings(last, LIMIT);
    last = endings.size() < LIMIT ? 0 : endings.get(LIMIT - 1).id();
    CompletableFuture<?>[] all =
        endings.stream()
            .map(ending -> leases.goOn(ending).toCompletableFuture())
            .toArray(CompletableFuture<?>[]::new);
    CompletableFuture.allOf(all).whenComplete((done, failure) -> underWay.set(false));
  }
}
