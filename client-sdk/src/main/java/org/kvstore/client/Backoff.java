package org.kvstore.client;

import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * Growing pauses between tries: each at most twice the one before, and shortened at random by up to
 * a half, so that many clients that failed together do not return together.
 *
 * @param least the longest first pause
 * @param most the longest pause of all
 * @param random where the shortening comes from
 */
record Backoff(Duration least, Duration most, RandomGenerator random) {
  private static final int MOST_DOUBLINGS = 30;

  /** The pause after a number of failed tries, from 1. */
  Duration after(int failures) {
    long doubled = least.toNanos() << Math.min(failures - 1, MOST_DOUBLINGS);
    long nanos = doubled <= 0 ? most.toNanos() : Math.min(doubled, most.toNanos());
    return Duration.ofNanos(nanos / 2 + random.nextLong(nanos / 2 + 1));
  }
}
