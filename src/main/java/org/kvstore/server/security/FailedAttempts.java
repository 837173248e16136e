package org.kvstore.server.security;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;
import org.kvstore.server.model.Bytes;

/**
 * Slows down who guesses. An address may fail {@value #BURST} times at once and then once a second;
 * beyond that it is not told whether a guess is right. What was right from there lately goes on to
 * be let in, as one client with an outdated token must not lock out its neighbours behind the same
 * address. Of IPv6 a whole network of 64 bits counts as one address, as one client has that many.
 *
 * <p>Every failure is told of within a second, and so is every guess that was not looked at.
 *
 * <p>Bounded: what was not seen for long is forgotten.
 */
final class FailedAttempts {
  static final int BURST = 20;
  private static final long SECOND = 1_000_000_000;
  private static final Duration MEMORY = Duration.ofMinutes(10);
  private static final int MOST = 10_000;

  private final LongSupplier nanoTime;
  private final Cache<String, Failures> failures =
      Caffeine.newBuilder().maximumSize(MOST).expireAfterAccess(MEMORY).build();
  private final Cache<Known, Boolean> known =
      Caffeine.newBuilder().maximumSize(MOST).expireAfterAccess(MEMORY).build();

  private final Executor afterASecond;
  private final Report report;

  /** Failures that nobody was told of yet, and where the newest came from; of the monitor. */
  private long untold;

  private String newest = "";

  /** Who is told. */
  interface Report {
    /**
     * Attempts have failed, or were not looked at.
     *
     * @param count how many, from anywhere, since it was told last
     * @param newest where the newest came from
     */
    void of(long count, String newest);
  }

  /** What was right from a network. */
  private record Known(String network, Bytes digest) {}

  /** The failures of one network: each takes a second to be forgotten. */
  private static final class Failures {
    /** When all are forgotten; guarded by this object's monitor. */
    private long forgottenAt;

    private Failures(long now) {
      forgottenAt = now;
    }

    synchronized boolean isFull(long now) {
      return forgottenAt - now > (BURST - 1) * SECOND;
    }

    /** No more than a burst: however many there are, the next second has room for one. */
    synchronized void add(long now) {
      forgottenAt = now + Math.min(Math.max(0, forgottenAt - now) + SECOND, BURST * SECOND);
    }
  }

  /**
   * @param afterASecond runs what it is given a second later
   */
  FailedAttempts(LongSupplier nanoTime, Executor afterASecond, Report report) {
    this.nanoTime = nanoTime;
    this.afterASecond = afterASecond;
    this.report = report;
  }

  /** Whether an attempt is not even to be looked at. */
  boolean isBlocked(String address, Bytes digest) {
    String network = Network.of(address);
    Failures earlier = failures.getIfPresent(network);
    return earlier != null
        && earlier.isFull(nanoTime.getAsLong())
        && known.getIfPresent(new Known(network, digest)) == null;
  }

  /** An attempt has failed. */
  void failed(String address) {
    long now = nanoTime.getAsLong();
    failures.get(Network.of(address), any -> new Failures(now)).add(now);
    count(address);
  }

  /** An attempt was not looked at, or is none that makes another one wait. */
  void ignored(String address) {
    count(address);
  }

  private void count(String address) {
    synchronized (this) {
      newest = address;
      if (untold++ > 0) {
        return;
      }
    }
    afterASecond.execute(this::tell);
  }

  /** Tells of what nobody was told of yet. */
  void tell() {
    long count;
    String from;
    synchronized (this) {
      count = untold;
      from = newest;
      untold = 0;
    }
    if (count > 0) {
      report.of(count, from);
    }
  }

  /** An attempt was right. */
  void succeeded(String address, Bytes digest) {
    Known one = new Known(Network.of(address), digest);
    if (known.getIfPresent(one) == null) {
      known.put(one, true);
    }
  }
}
