package org.kvstore.client;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;

/**
 * Waits for an entry with held requests, one after the other.
 *
 * @param step the longest that one request is held
 * @param timeout how long to wait in all
 */
record Awaiting(Duration step, Duration timeout) {
  private static final Duration SECOND = Duration.ofSeconds(1);

  /** Reads until there is an entry; the reader is told how long to hold, zero for not at all. */
  Optional<Entry> run(Function<Duration, Optional<Entry>> reader) {
    long deadline = System.nanoTime() + timeout.toNanos();
    while (true) {
      Duration left = Duration.ofNanos(deadline - System.nanoTime());
      Duration hold = left.compareTo(step) < 0 ? left : step;
      long asked = System.nanoTime();
      Optional<Entry> entry = reader.apply(hold.compareTo(SECOND) < 0 ? Duration.ZERO : hold);
      if (entry.isPresent() || left.compareTo(SECOND) < 0) {
        return entry;
      }
      pauseIfNotHeld(Duration.ofNanos(System.nanoTime() - asked));
    }
  }

  /** A server that does not hold answers must not be asked in a tight loop. */
  private static void pauseIfNotHeld(Duration held) {
    Duration missing = SECOND.minus(held);
    if (missing.compareTo(SECOND.dividedBy(2)) > 0) {
      LockSupport.parkNanos(missing.toNanos());
    }
  }
}
