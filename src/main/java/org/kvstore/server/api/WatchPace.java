package org.kvstore.server.api;

import static java.util.concurrent.TimeUnit.NANOSECONDS;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;
import org.kvstore.server.security.Allowance;

/**
 * Slows an event stream down to the bytes of its caller. Nothing waits for them: while the stream
 * rests it is not ready, so what changes meanwhile stays in the change log, and a timer wakes it.
 *
 * <p>Called by one thread at a time, as the stream is.
 */
final class WatchPace {
  private final @Nullable Allowance allowance;
  private CompletableFuture<?> rest = CompletableFuture.completedFuture(null);
  private boolean wakes;

  /**
   * @param allowance what is sent is taken from it; null for any number of bytes
   */
  WatchPace(@Nullable Allowance allowance) {
    this.allowance = allowance;
  }

  /** So many bytes were sent. */
  void sent(int bytes) {
    long nanos = allowance == null ? 0 : allowance.owed(bytes);
    if (nanos > 0) {
      Executor later = CompletableFuture.delayedExecutor(nanos, NANOSECONDS, Runnable::run);
      rest = CompletableFuture.runAsync(() -> {}, later);
      wakes = false;
    }
  }

  /**
   * Whether more may be sent now.
   *
   * @param wake runs, once, when it may, if it may not now; must not block
   */
  boolean allows(Runnable wake) {
    if (rest.isDone()) {
      return true;
    }
    if (!wakes) {
      wakes = true;
      rest.thenRun(wake);
    }
    return false;
  }
}
