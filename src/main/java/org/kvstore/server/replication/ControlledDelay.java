package org.kvstore.server.replication;

import java.time.Duration;

/**
 * Tells a queue that stands, and helps nobody, from one that takes up a burst, which is what queues
 * are for: by how long things wait in it, after Nichols and Jacobson, "Controlling Queue Delay"
 * (ACM Queue, 2012; RFC 8289). There is overload once nothing has waited for less than the target
 * for a whole interval, and until for as long nothing has waited for longer, nor was refused: what
 * waits shortly because others are refused is no sign that it is over.
 *
 * <p>One thread at a time says how long things waited; any may ask.
 */
public final class ControlledDelay {
  private static final long INTERVAL_NANOS = 200_000_000;

  private final long targetNanos;
  private long shortAt = System.nanoTime();
  private long longAt = shortAt;
  private volatile long refusedAt = shortAt;
  private volatile boolean overloaded;

  /**
   * @param target what things may wait
   */
  public ControlledDelay(Duration target) {
    targetNanos = target.toNanos();
  }

  /**
   * Something has waited.
   *
   * @param nanos how long
   * @param usualNanos how long things wait in this queue when there is no overload, if that may be
   *     longer than the target
   * @param now on the scale of {@link System#nanoTime}
   */
  public void waited(long nanos, long usualNanos, long now) {
    if (nanos <= Math.max(targetNanos, usualNanos)) {
      shortAt = now;
    } else {
      longAt = now;
    }
    if (!overloaded) {
      overloaded = now - shortAt > INTERVAL_NANOS;
    } else if (now - longAt > INTERVAL_NANOS && now - refusedAt > INTERVAL_NANOS) {
      overloaded = false;
    }
  }

  /** Whether there is overload. */
  public boolean isOverloaded() {
    return overloaded;
  }

  /**
   * Whether something new is to be refused.
   *
   * @param nanos how long it would wait
   * @param usualNanos as for {@link #waited}
   * @param now on the scale of {@link System#nanoTime}
   */
  public boolean refuses(long nanos, long usualNanos, long now) {
    if (!overloaded || nanos <= Math.max(targetNanos, usualNanos)) {
      return false;
    }
    refusedAt = now;
    return true;
  }
}
