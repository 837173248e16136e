package org.kvstore.server.security;

import io.github.bucket4j.Bucket;
import io.github.bucket4j.ConsumptionProbe;
import java.time.Duration;
import java.util.StringJoiner;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.KeyValueException;

/**
 * What one caller may ask for: so many requests and bytes a second, as token buckets that hold what
 * a second fills. How long an answer is shows only when it is made, so bytes are taken afterwards,
 * and who took too many waits until that is made good. What goes on for long is slowed down to its
 * rate instead.
 */
public final class Allowance {
  private static final Duration SECOND = Duration.ofSeconds(1);

  /** What an answer costs at the most, in seconds of the caller's bytes; and a wait takes. */
  private static final int MOST_SECONDS = 10;

  /** Any number of both. */
  public static final Allowance NONE = new Allowance(0, 0);

  private final long requestsPerSecond;
  private final long bytesPerSecond;
  private final @Nullable Bucket requests;
  private final @Nullable Bucket bytes;

  /** For none of either: 0. */
  public Allowance(long requestsPerSecond, long bytesPerSecond) {
    this.requestsPerSecond = requestsPerSecond;
    this.bytesPerSecond = bytesPerSecond;
    requests = bucket(requestsPerSecond);
    bytes = bucket(bytesPerSecond);
  }

  private static @Nullable Bucket bucket(long perSecond) {
    return perSecond == 0
        ? null
        : Bucket.builder()
            .addLimit(limit -> limit.capacity(perSecond).refillGreedy(perSecond, SECOND))
            .build();
  }

  /**
   * A request begins.
   *
   * @param mayBeRefused false for one that is let in whatever there is left
   */
  public Turn begin(boolean mayBeRefused) {
    long bytesLeft = bytes == null ? 0 : bytes.getAvailableTokens();
    if (bytes != null && bytesLeft <= 0 && mayBeRefused) {
      long requestsLeft = requests == null ? 0 : requests.getAvailableTokens();
      long nanos = bytes.estimateAbilityToConsume(1).getNanosToWaitForRefill();
      return new Turn(left(requestsLeft, bytesLeft), refusal("bytes", bytesPerSecond, nanos));
    }
    if (requests == null) {
      return new Turn(left(0, bytesLeft), null);
    }
    ConsumptionProbe probe = requests.tryConsumeAndReturnRemaining(1);
    String left = left(probe.getRemainingTokens(), bytesLeft);
    return probe.isConsumed() || !mayBeRefused
        ? new Turn(left, null)
        : new Turn(left, refusal("requests", requestsPerSecond, probe.getNanosToWaitForRefill()));
  }

  /**
   * Whether a request is let in, and what was left at that moment.
   *
   * @param left for the header RateLimit of draft-ietf-httpapi-ratelimit-headers-10
   * @param refusal TOO_MANY_REQUESTS with when it would be let in, or null
   */
  public record Turn(String left, @Nullable KeyValueException refusal) {}

  /** So many bytes came or went at once, of which {@link #most} are charged. */
  public void used(long count) {
    if (bytes != null && count > 0) {
      bytes.consumeIgnoringRateLimits(Math.min(count, most()));
    }
  }

  /** What one body or one answer is charged at the most: bytes. */
  public long most() {
    return MOST_SECONDS * bytesPerSecond;
  }

  /**
   * So many bytes came or went of what goes on for long.
   *
   * @return how long none of it should come or go now: nanoseconds
   */
  public long owed(long count) {
    if (bytes == null || count <= 0) {
      return 0;
    }
    bytes.consumeIgnoringRateLimits(count);
    long owed = Math.min(most(), -bytes.getAvailableTokens());
    return owed <= 0 ? 0 : (long) (owed * 1e9 / bytesPerSecond);
  }

  /** The limits, for the header RateLimit-Policy of draft-ietf-httpapi-ratelimit-headers-10. */
  public String policy() {
    StringJoiner items = new StringJoiner(", ");
    if (requests != null) {
      items.add("\"requests\";q=%d;w=1".formatted(requestsPerSecond));
    }
    if (bytes != null) {
      items.add("\"bytes\";q=%d;w=1;qu=\"content-bytes\"".formatted(bytesPerSecond));
    }
    return items.toString();
  }

  private String left(long requestsLeft, long bytesLeft) {
    StringJoiner items = new StringJoiner(", ");
    if (requests != null) {
      items.add("\"requests\";r=%d;t=1".formatted(requestsLeft));
    }
    if (bytes != null) {
      long seconds = bytesLeft > 0 ? 1 : 1 - bytesLeft / bytesPerSecond;
      items.add("\"bytes\";r=%d;t=%d".formatted(Math.max(0, bytesLeft), seconds));
    }
    return items.toString();
  }

  private static KeyValueException refusal(String of, long limit, long nanos) {
    return KeyValueException.of(
            ErrorCode.TOO_MANY_REQUESTS,
            "You may use %d %s a second, and have used more.".formatted(limit, of))
        .withLimit(limit)
        .withRetryAfter(
            (int) Math.min(Integer.MAX_VALUE, 1 + (nanos - 1) / TimeUnit.SECONDS.toNanos(1)));
  }
}
