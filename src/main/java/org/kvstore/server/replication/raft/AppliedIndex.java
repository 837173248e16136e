package org.kvstore.server.replication.raft;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** How far a replica has applied its log, and who waits for it. The monitor guards both. */
final class AppliedIndex {
  private final List<Waiter> waiters = new ArrayList<>();
  private long reached = -1;

  private record Waiter(long index, CompletableFuture<Void> future) {}

  /** It has come so far. Completes who waits for that, in this thread. */
  void reached(long index) {
    List<Waiter> due = new ArrayList<>();
    synchronized (this) {
      reached = Math.max(reached, index);
      if (waiters.isEmpty()) {
        return;
      }
      waiters.removeIf(
          waiter -> {
            boolean isDue = waiter.index() <= reached;
            if (isDue) {
              due.add(waiter);
            }
            return isDue || waiter.future().isDone();
          });
    }
    due.forEach(waiter -> waiter.future().complete(null));
  }

  /** Completes when it has come so far; whoever waits no longer, completes it. */
  synchronized CompletableFuture<Void> reaches(long index) {
    if (index <= reached) {
      return CompletableFuture.completedFuture(null);
    }
    waiters.removeIf(waiter -> waiter.future().isDone());
    CompletableFuture<Void> future = new CompletableFuture<>();
    waiters.add(new Waiter(index, future));
    return future;
  }
}
