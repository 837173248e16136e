package org.kvstore.server.model;

import java.time.Duration;

/**
 * Every bound of the service. A request beyond one is answered at once with a problem that names
 * it.
 *
 * @param valueBytes largest value
 * @param pendingWrites writes that may wait for the committer
 * @param pendingBytes bytes that waiting writes may hold
 * @param groupWrites writes in one commit
 * @param writeWait how long a write may wait for its outcome
 * @param heldRequests requests that may be held by {@code Prefer: wait}
 * @param heldWait how long a request may be held
 * @param exports exports that may run at once
 * @param pageKeys keys on one page of a listing
 * @param pageBytes bytes of values on one page, above which it ends early; the first entry always
 *     fits
 * @param rangeDeleteKeys keys that one revision of a range delete may delete
 * @param requestMemory how long an Idempotency-Key is remembered
 */
public record Limits(
    int valueBytes,
    int pendingWrites,
    long pendingBytes,
    int groupWrites,
    Duration writeWait,
    int heldRequests,
    Duration heldWait,
    int exports,
    int pageKeys,
    long pageBytes,
    int rangeDeleteKeys,
    Duration requestMemory) {
  /** The limits of an unconfigured service. */
  public static final Limits DEFAULT =
      new Limits(
          1 << 20,
          10_000,
          32L << 20,
          1_000,
          Duration.ofSeconds(10),
          10_000,
          Duration.ofSeconds(600),
          16,
          1_000,
          4L << 20,
          10_000,
          Duration.ofMinutes(10));
}
