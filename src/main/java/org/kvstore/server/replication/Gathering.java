package org.kvstore.server.replication;

import java.util.concurrent.TimeUnit;

/**
 * How long a commit waits for writers that were in the one before to come back with their next
 * write. Without that they fall into two halves, each of which waits for the other's commit: twice
 * the commits, and each answer twice as late. So it pays to wait for up to as long as a commit
 * takes, from the end of the newest on; whoever comes later than that waits for nobody.
 *
 * <p>Not for use by several threads at once.
 */
public final class Gathering {
  private static final long MOST_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

  private final int divisor;
  private long until = System.nanoTime();

  /**
   * @param divisor of the time that the newest commit took, for the time that the next one waits
   */
  public Gathering(int divisor) {
    this.divisor = divisor;
  }

  /**
   * A commit has ended now.
   *
   * @param began when it began, by {@link System#nanoTime}
   */
  public void committed(long began) {
    long now = System.nanoTime();
    until = now + Math.min((now - began) / divisor, MOST_NANOS);
  }

  /** How much of the wait is left: nanoseconds; none when it is not positive. */
  public long nanosLeft() {
    return until - System.nanoTime();
  }
}
