package org.kvstore.client;

import java.time.Duration;

/** A moment by which a caller is to have its answer. */
record Deadline(long nanoTime) {
  static Deadline after(Duration limit) {
    return new Deadline(System.nanoTime() + limit.toNanos());
  }

  /** What is left until then; zero when it is over. */
  Duration left() {
    return Duration.ofNanos(Math.max(0, nanoTime - System.nanoTime()));
  }

  boolean isBefore(Duration pause) {
    return left().compareTo(pause) <= 0;
  }
}
