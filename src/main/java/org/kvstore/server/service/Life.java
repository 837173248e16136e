package org.kvstore.server.service;

import java.time.Duration;
import java.time.Instant;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Lifetime;

/** How long an entry is to live, as a client asks for it. */
public sealed interface Life {
  /** Longest time to live. */
  Duration LONGEST = Duration.ofDays(36_500);

  /** Until it is deleted. */
  record Forever() implements Life {}

  /** As long as the entry that it replaces. */
  record Keep() implements Life {}

  /** For a time from now. */
  record During(Duration time) implements Life {}

  /** Until a time; one that is past means that it expires at once. */
  record Until(Instant time) implements Life {}

  /** As long as a lease. */
  record OnLease(long lease) implements Life {}

  /**
   * What that means for a request of a time.
   *
   * @param now milliseconds since the epoch
   * @throws KeyValueException REQUEST_INVALID when it is too long or too short
   */
  default Lifetime at(long now) {
    if (this instanceof During during) {
      Duration time = during.time();
      if (time.compareTo(LONGEST) > 0 || time.toMillis() < 1) {
        throw KeyValueException.invalid("ttl", "A time to live is from 1ms to 36500d.");
      }
      return new Lifetime.Until(now + time.toMillis());
    }
    if (this instanceof Until until) {
      Instant latest = Instant.ofEpochMilli(now).plus(LONGEST);
      if (!until.time().isAfter(Instant.EPOCH) || until.time().isAfter(latest)) {
        throw KeyValueException.invalid("expiresAt", "It is a time from 1970 to 36500d from now.");
      }
      return new Lifetime.Until(Math.max(1, until.time().toEpochMilli()));
    }
    if (this instanceof OnLease on) {
      return new Lifetime.OnLease(on.lease());
    }
    return this instanceof Keep ? new Lifetime.Keep() : new Lifetime.Forever();
  }
}
