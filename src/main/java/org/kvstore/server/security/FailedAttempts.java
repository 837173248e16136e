package org.kvstore.server.security;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.time.Duration;
import java.util.function.LongSupplier;
import org.kvstore.server.model.Bytes;

/**
 * Slows down who guesses tokens. An address may fail {@value #BURST} times at once and then once a
 * second; beyond that it is not told whether a token is right. Tokens that were right from there
 * lately go on to be let in, as one client with an outdated token must not lock out its neighbours
 * behind the same address.
 *
 * <p>Bounded: what was not seen for long is forgotten.
 */
final class FailedAttempts {
  static final int BURST = 20;
  private static final long NANOS_AN_ATTEMPT = 1_000_000_000;
  private static final Duration MEMORY = Duration.ofMinutes(10);
  private static final int MOST = 10_000;

  private final LongSupplier nanoTime;
  private final Cache<String, Failures> failures =
      Caffeine.newBuilder().maximumSize(MOST).expireAfterAccess(MEMORY).build();
  private final Cache<Known, Boolean> known =
      Caffeine.newBuilder().maximumSize(MOST).expireAfterAccess(MEMORY).build();

  /** A token that was right from an address. */
  private record Known(String address, Bytes digest) {}

  /** The failures of one address: each takes a second to be forgotten. */
  private static final class Failures {
    /** When all are forgotten; guarded by this object's monitor. */
    private long forgottenAt;

    private Failures(long now) {
      forgottenAt = now;
    }

    synchronized boolean isFull(long now) {
      return forgottenAt - now > (BURST - 1) * NANOS_AN_ATTEMPT;
    }

    /** Whether it is the first. */
    synchronized boolean add(long now) {
      boolean first = forgottenAt - now <= 0;
      forgottenAt = (first ? now : forgottenAt) + NANOS_AN_ATTEMPT;
      return first;
    }
  }

  FailedAttempts(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
  }

  /** Whether an attempt is not even to be looked at. */
  boolean isBlocked(String address, Bytes digest) {
    Failures earlier = failures.getIfPresent(address);
    return earlier != null
        && earlier.isFull(nanoTime.getAsLong())
        && known.getIfPresent(new Known(address, digest)) == null;
  }

  /** An attempt has failed; whether it is the first of several. */
  boolean failed(String address) {
    long now = nanoTime.getAsLong();
    return failures.get(address, any -> new Failures(now)).add(now);
  }

  /** A token was right. */
  void succeeded(String address, Bytes digest) {
    Known one = new Known(address, digest);
    if (known.getIfPresent(one) == null) {
      known.put(one, true);
    }
  }
}
