package org.kvstore.server.service;

import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.kvstore.server.replication.ControlledDelay;

/**
 * How long tasks wait for a thread of the container's pool, which requests come to as well: a task
 * that the pool is to run every {@value #PERIOD_MILLIS} ms is as late as they are. The container
 * does not bound its queue by itself, nor say how long it is.
 */
final class PoolDelay {
  private static final long PERIOD_MILLIS = 20;

  /**
   * Threads and CPUs are shared with what no request waits for, such as a collection of garbage.
   */
  private static final Duration LEAST_TARGET = Duration.ofMillis(100);

  private final ControlledDelay delay;
  private volatile long dueAt = System.nanoTime();
  private volatile long lateNanos;

  PoolDelay(Duration target) {
    delay = new ControlledDelay(target.compareTo(LEAST_TARGET) > 0 ? target : LEAST_TARGET);
  }

  /** Begins to measure. */
  Future<?> start(ScheduledExecutorService timer) {
    return timer.scheduleWithFixedDelay(
        this::measure, PERIOD_MILLIS, PERIOD_MILLIS, TimeUnit.MILLISECONDS);
  }

  private void measure() {
    long now = System.nanoTime();
    lateNanos = Math.max(0, now - dueAt);
    delay.waited(lateNanos, 0, now);
    dueAt = now + TimeUnit.MILLISECONDS.toNanos(PERIOD_MILLIS);
  }

  /** How long what comes now will wait, about. */
  long nanos() {
    return Math.max(lateNanos, System.nanoTime() - dueAt);
  }

  boolean isOverloaded() {
    return delay.isOverloaded();
  }

  /** Whether a request that comes now would wait for too long, under overload. */
  boolean refuses() {
    return delay.isOverloaded() && delay.refuses(nanos(), 0, System.nanoTime());
  }
}
