package org.kvstore.client;

import java.time.Duration;

/**
 * How long a client waits.
 *
 * @param connect for a connection
 * @param answer for the beginning of an answer, and for its next bytes
 * @param silence for the next part of an event stream
 */
record Times(Duration connect, Duration answer, Duration silence) {
  private static final Duration LONGEST_WAIT_STEP = Duration.ofSeconds(20);

  /** These with connections and answers within a limit. */
  Times within(Duration limit) {
    return new Times(shorter(connect, limit), shorter(answer, limit), silence);
  }

  /** How long one request takes at most, if its answer comes in one piece. */
  Duration request() {
    return connect.plus(answer);
  }

  /** Two thirds of the time for an answer, so that a held one arrives before it; at most 20 s. */
  Duration waitStep() {
    return shorter(answer.multipliedBy(2).dividedBy(3), LONGEST_WAIT_STEP);
  }

  private static Duration shorter(Duration a, Duration b) {
    return a.compareTo(b) < 0 ? a : b;
  }
}
