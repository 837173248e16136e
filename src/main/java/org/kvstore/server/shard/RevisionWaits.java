package org.kvstore.server.shard;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Who waits for the next commit of a shard's replica here; the monitor guards them. */
final class RevisionWaits {
  private final List<Waiter> waiters = new ArrayList<>();
  private volatile boolean isEmpty = true;

  private record Waiter(long revision, CompletableFuture<Void> result) {}

  /** Completes once there is a commit above a revision, or the time is over; it never fails. */
  CompletableFuture<Void> above(long revision, int millis) {
    CompletableFuture<Void> result = new CompletableFuture<>();
    synchronized (this) {
      waiters.removeIf(waiter -> waiter.result().isDone());
      waiters.add(new Waiter(revision, result));
      isEmpty = false;
    }
    return result.completeOnTimeout(null, millis, TimeUnit.MILLISECONDS);
  }

  /** There is a commit. Completes who waits for it, in this thread. */
  void reached(long revision) {
    if (isEmpty) {
      return;
    }
    List<CompletableFuture<Void>> due = new ArrayList<>();
    synchronized (this) {
      waiters.removeIf(
          waiter -> {
            boolean isDue = waiter.revision() < revision;
            if (isDue) {
              due.add(waiter.result());
            }
            return isDue || waiter.result().isDone();
          });
      isEmpty = waiters.isEmpty();
    }
    due.forEach(result -> result.complete(null));
  }
}
