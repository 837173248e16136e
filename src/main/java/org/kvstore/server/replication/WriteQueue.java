package org.kvstore.server.replication;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.kvstore.server.model.Limits;

/** The writes that wait for the committer, in order; bounded in number and in bytes. */
final class WriteQueue {
  private final BlockingQueue<PendingWrite> writes;
  private final AtomicLong bytes = new AtomicLong();
  private final long mostBytes;

  WriteQueue(Limits limits) {
    writes = new ArrayBlockingQueue<>(limits.pendingWrites());
    mostBytes = limits.pendingBytes();
  }

  /** Whether there was room for it. */
  boolean offer(PendingWrite write) {
    if (bytes.addAndGet(write.weight()) <= mostBytes && writes.offer(write)) {
      return true;
    }
    bytes.addAndGet(-write.weight());
    return false;
  }

  /** Takes the oldest, waiting for one to come; null when none did. */
  @Nullable PendingWrite poll(long millis) throws InterruptedException {
    return taken(writes.poll(millis, TimeUnit.MILLISECONDS));
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
