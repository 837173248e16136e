package org.kvstore.server.service;

import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.kvstore.server.store.WatchHub;

/** Threads that deliver to watches: their number does not grow with watches, nor with shards. */
final class Lanes implements AutoCloseable {
  private static final int THREADS = 4;
  private static final int MOST_BLOCKED = 256;

  private final ThreadPoolExecutor quick;
  private final ThreadPoolExecutor slow;

  /** Threads of the quick lane that wait for readers, of all hubs. */
  private final AtomicInteger blocked = new AtomicInteger();

  Lanes(ThreadFactory threads) {
    quick = lane(threads);
    slow = lane(threads);
  }

  private static ThreadPoolExecutor lane(ThreadFactory threads) {
    ThreadPoolExecutor lane =
        new ThreadPoolExecutor(
            THREADS,
            THREADS + MOST_BLOCKED,
            10,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(),
            threads);
    lane.allowCoreThreadTimeOut(true);
    return lane;
  }

  /** What one hub delivers on. */
  WatchHub.Lanes lanes() {
    AtomicInteger before = new AtomicInteger();
    return new WatchHub.Lanes(
        quick, slow, now -> compensate(blocked.addAndGet(now - before.getAndSet(now))));
  }

  /** As many threads more as wait for their readers; a socket's time-out ends the wait. */
  private void compensate(int waiting) {
    int size = THREADS + Math.min(waiting, MOST_BLOCKED);
    if (quick.getCorePoolSize() != size) {
      quick.setCorePoolSize(size);
    }
  }

  @Override
  public void close() {
    quick.shutdown();
    slow.shutdown();
  }
}
