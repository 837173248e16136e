package org.kvstore.server.model;

import java.time.Duration;

/**
 * Every bound of the service. A request beyond one is answered at once with a problem that names
 * it.
 *
 * @param valueBytes largest value
 * @param pendingWrites writes that may wait for the committer
 * @param pendingBytes bytes that waiting writes may hold
 * @param answerBytes bytes that large answers may hold until their readers have taken them; a
 *     single one may be larger
 * @param bodyWait how long a body may take to arrive, and each line of a batch
 * @param groupWrites writes in one commit
 * @param writeWait how long a write may wait for its outcome
 * @param queueDelay how long writes may have to wait for their commit to begin; when all wait for
 *     longer, new ones are refused
 * @param heldRequests requests that may be held by {@code Prefer: wait}
 * @param heldWait how long a request may be held
 * @param exports exports that may run at once
 * @param pageKeys keys on one page of a listing
 * @param pageBytes bytes of values on one page, above which it ends early; the first entry always
 *     fits
 * @param rangeDeleteKeys keys that one revision of a range delete may delete
 * @param leaseKeys keys that may hang on one lease
 * @param batches batches that may run at once
 * @param batchWindow lines of batches, of all that run, that may wait for their commit
 * @param transactionOperations operations on either side of a transaction, and its comparisons
 * @param transactionBytes largest body of a transaction
 * @param watches watches that may be open at once
 * @param recentBytes bytes of recent changes kept in memory for watches that are caught up
 * @param progressInterval how long a watch may be silent
 * @param requestMemory how long an Idempotency-Key is remembered
 */
public record Limits(
    int valueBytes,
    int pendingWrites,
    long pendingBytes,
    long answerBytes,
    Duration bodyWait,
    int groupWrites,
    Duration writeWait,
    Duration queueDelay,
    int heldRequests,
    Duration heldWait,
    int exports,
    int pageKeys,
    long pageBytes,
    int rangeDeleteKeys,
    int leaseKeys,
    int batches,
    int batchWindow,
    int transactionOperations,
    int transactionBytes,
    int watches,
    long recentBytes,
    Duration progressInterval,
    Duration requestMemory) {
  /** The limits of an unconfigured service. */
  public static final Limits DEFAULT =
      new Limits(
          1 << 20,
          10_000,
          32L << 20,
          32L << 20,
          Duration.ofMinutes(5),
          1_000,
          Duration.ofSeconds(10),
          Duration.ofMillis(500),
          10_000,
          Duration.ofSeconds(600),
          16,
          1_000,
          4L << 20,
          10_000,
          10_000,
          16,
          2_000,
          128,
          4 << 20,
          10_000,
          8L << 20,
          Duration.ofSeconds(10),
          Duration.ofMinutes(10));

  /** The limits of each of several shards that share the memory of recent changes. */
  public Limits sharedBy(int shards) {
    return new Limits(
        valueBytes,
        pendingWrites,
        pendingBytes,
        answerBytes,
        bodyWait,
        groupWrites,
        writeWait,
        queueDelay,
        heldRequests,
        heldWait,
        exports,
        pageKeys,
        pageBytes,
        rangeDeleteKeys,
        leaseKeys,
        batches,
        batchWindow,
        transactionOperations,
        transactionBytes,
        watches,
        recentBytes / shards,
        progressInterval,
        requestMemory);
  }
}
