package org.kvstore.server.replication;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.kvstore.server.model.Limits;

/**
 * The writes that wait for the committer, in order; bounded in number and in bytes. One thread
 * takes them: the committer.
 */
final class WriteQueue {
  private final BlockingQueue<PendingWrite> writes;
  private final AtomicLong bytes = new AtomicLong();
  private final long mostBytes;

  /** Who waits for more, and for how many; many while nobody does. */
  private volatile @Nullable Thread gatherer;

  private volatile int wanted = Integer.MAX_VALUE;

  WriteQueue(Limits limits) {
    writes = new ArrayBlockingQueue<>(limits.pendingWrites());
    mostBytes = limits.pendingBytes();
  }

  /** Whether there was room for it. */
  boolean offer(PendingWrite write) {
    if (bytes.addAndGet(write.weight()) <= mostBytes && writes.offer(write)) {
      if (writes.size() >= wanted) {
        LockSupport.unpark(gatherer);
      }
      return true;
    }
    bytes.addAndGet(-write.weight());
    return false;
  }

  /** Takes the oldest, waiting for one to come; null when none did. */
  @Nullable PendingWrite poll(long millis) throws InterruptedException {
    return taken(writes.poll(millis, TimeUnit.MILLISECONDS));
  }

  /** Waits until so many are there, or the time is over; it may end sooner. */
  void gather(int count, long nanos) {
    gatherer = Thread.currentThread();
    wanted = count;
    if (writes.size() < count) {
      LockSupport.parkNanos(this, nanos);
    }
    wanted = Integer.MAX_VALUE;
  }

  /** Takes the oldest if there is one of no more changes than that; otherwise null. */
  @Nullable PendingWrite pollWithin(int changes) {
    PendingWrite oldest = writes.peek();
    return oldest != null && oldest.changes().most() <= changes ? taken(writes.poll()) : null;
  }

  /** Takes all. */
  List<PendingWrite> drain() {
    List<PendingWrite> left = new ArrayList<>();
    writes.drainTo(left);
    left.forEach(this::taken);
    return left;
  }

  /** Those that wait about now; they stay. */
  List<PendingWrite> all() {
    return List.copyOf(writes);
  }

  int depth() {
    return writes.size();
  }

  boolean isEmpty() {
    return writes.isEmpty();
  }

  long bytes() {
    return bytes.get();
  }

  private @Nullable PendingWrite taken(@Nullable PendingWrite write) {
    if (write != null) {
      bytes.addAndGet(-write.weight());
    }
    return write;
  }
}
