package org.kvstore.server.api;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Access;
import org.kvstore.server.model.AuditTrail;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.service.KeyValueService;
import org.kvstore.server.service.WriteRequest;

/**
 * Submits the writes of a batch. One that the full queue refuses is submitted again for a while, as
 * what the batch has in it makes room, or what others have. Only how the last attempt ends is on
 * record.
 *
 * <p>The reading thread's own.
 */
final class BatchWrites {
  /** How soon a write is submitted again. */
  private static final long ROOM_MILLIS = 10;

  /** How long it is tried, which is far longer than a full queue takes to be worked off. */
  private static final long ROOM_WAIT_NANOS = 2_000_000_000;

  private final KeyValueService service;
  private final Access access;
  private final BatchWindow window;

  /** There was no room for the write before, however long it was tried. */
  private boolean refused;

  BatchWrites(KeyValueService service, Access access, BatchWindow window) {
    this.service = service;
    this.access = access;
    this.window = window;
  }

  /** Submits a write; it has its place in the order of all writes on return. */
  CompletableFuture<Outcome> submit(WriteRequest request) throws InterruptedException {
    AuditTrail trail = access.trail();
    if (trail == AuditTrail.NONE) {
      return submit(access, request, () -> {});
    }
    LastAttempt attempt = new LastAttempt(trail);
    try {
      return submit(new RecordedAccess(access, attempt), request, attempt::again);
    } finally {
      attempt.isLast();
    }
  }

  private CompletableFuture<Outcome> submit(Access access, WriteRequest request, Runnable again)
      throws InterruptedException {
    CompletableFuture<Outcome> result = attempt(access, request);
    long since = System.nanoTime();
    while (isRefused(result) && !refused) {
      window.awaitEmpty();
      TimeUnit.MILLISECONDS.sleep(ROOM_MILLIS);
      again.run();
      result = attempt(access, request);
      refused = System.nanoTime() - since > ROOM_WAIT_NANOS && isRefused(result);
    }
    refused &= isRefused(result);
    return result;
  }

  private CompletableFuture<Outcome> attempt(Access access, WriteRequest request) {
    return request instanceof WriteRequest.Put put
        ? service.put(access, put).<Outcome>thenApply(written -> written).toCompletableFuture()
        : service
            .delete(access, (WriteRequest.Delete) request)
            .<Outcome>thenApply(deleted -> deleted)
            .toCompletableFuture();
  }

  /** Whether a write was certainly not applied, for want of room. */
  private static boolean isRefused(CompletableFuture<Outcome> result) {
    if (!result.isCompletedExceptionally()) {
      return false;
    }
    try {
      result.join();
      return false;
    } catch (CompletionException e) {
      return e.getCause() instanceof KeyValueException cause
          && cause.code() == ErrorCode.UNAVAILABLE;
    }
  }
}
