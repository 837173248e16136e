package org.kvstore.server.replication;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;

/**
 * How fast commits go of late, and so how long a write that comes now would wait; and whether more
 * come than can be committed, see {@link ControlledDelay}.
 *
 * <p>The committer alone says what it did; any thread may ask, and say what it submits.
 */
final class CommitPace {
  /** The least is forgotten within so many commits. */
  private static final int SLOWLY = 4_096;

  private final ControlledDelay delay;

  /** Changes that are expected of the writes that wait. */
  private final AtomicLong backlog = new AtomicLong();

  /** How long a change takes, its part of the fsync included, of late; the committer's to set. */
  private volatile double nanosOfChange;

  /** How long a commit takes at the least, of late, however few changes are in it. */
  private volatile long leastCommitNanos;

  /** How long the newest commit took; the committer's own. */
  private long commitNanos;

  CommitPace(Duration target) {
    delay = new ControlledDelay(target);
  }

  /** A write waits, of which so many changes are expected. */
  void submitted(int changes) {
    backlog.addAndGet(changes);
  }

  /** Writes wait no longer, of which so many changes were expected. */
  void left(long changes) {
    backlog.addAndGet(-changes);
  }

  /**
   * So many changes were written, which took so long, their fsync included. What wrote nothing says
   * nothing about the disk.
   */
  void committed(long changes, long nanos) {
    nanosOfChange += ((double) nanos / changes - nanosOfChange) / 8;
    commitNanos = nanos;
    leastCommitNanos =
        leastCommitNanos == 0
            ? nanos
            : Math.min(nanos, leastCommitNanos + leastCommitNanos / SLOWLY + 1);
  }

  /**
   * The committer looks for work, and the oldest write has waited so long; 0 when there is none. A
   * write always waits for the commit under way, and for the one after that: no sign of more.
   */
  void waited(long nanos, long now) {
    delay.waited(nanos, 3 * commitNanos, now);
  }

  /** Whether more writes come than can be committed, so that they wait for longer and longer. */
  boolean isOverloaded() {
    return delay.isOverloaded();
  }

  /** Whether a write that comes now would wait for too long, under overload. */
  boolean refuses() {
    // Beside the group that is being committed there is always room for the next one.
    return delay.isOverloaded()
        && delay.refuses(
            (long) (backlog.get() * nanosOfChange), 2 * leastCommitNanos, System.nanoTime());
  }
}
