package org.kvstore.server.replication;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Limits;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.model.Submission;
import org.kvstore.server.store.Store;

/**
 * The replicator of a single process: one committer thread, which takes all commands that wait,
 * applies them as one group with one fsync, and only then has them answered. While a group is made
 * durable the next one gathers, so groups grow with the load; alone, a write waits for nobody.
 *
 * <p>The queue is bounded in commands and in bytes; beyond that a command is refused at once. The
 * committer is the only thread that commits to the store. {@link #sweep} answers what has waited
 * too long. Answers are given by {@code answers}, so that no continuation can hold up a commit.
 */
public final class LocalReplicator implements Replicator {
  private static final Logger LOG = System.getLogger(LocalReplicator.class.getName());
  private static final long IDLE_MILLIS = 200;
  private static final long CLOSE_SECONDS = 30;

  private final Store store;
  private final Limits limits;
  private final DiskSpace disk;
  private final Executor answers;
  private final Thread committer;

  private final BlockingQueue<PendingWrite> waiting;
  private final AtomicLong waitingBytes = new AtomicLong();
  private final LongAdder groups = new LongAdder();
  private final LongAdder acknowledged = new LongAdder();

  /** The group that is being committed: written by the committer, read by the sweep. */
  private volatile List<PendingWrite> committing = List.of();

  private volatile boolean closed;

  /**
   * Starts the committer.
   *
   * @param threads makes the committer thread
   * @param answers runs what waits for outcomes; must not run it in the calling thread
   */
  public LocalReplicator(
      Store store, Limits limits, DiskSpace disk, ThreadFactory threads, Executor answers) {
    this.store = store;
    this.limits = limits;
    this.disk = disk;
    this.answers = answers;
    waiting = new ArrayBlockingQueue<>(limits.pendingWrites());
    committer = threads.newThread(this::run);
    committer.start();
  }

  @Override
  public CompletionStage<Outcome> submit(Submission submission) {
    PendingWrite write =
        new PendingWrite(submission, System.nanoTime() + limits.writeWait().toNanos());
    KeyValueException refusal = admit(write);
    if (refusal != null) {
      write.result().completeExceptionally(refusal);
    } else if (closed) {
      refuseWaiting();
    }
    return write.result();
  }

  /** Answers the writes whose time has run out; to be called regularly. */
  public void sweep() {
    long now = System.nanoTime();
    List<PendingWrite> candidates = new ArrayList<>(committing);
    candidates.addAll(waiting);
    for (PendingWrite write : candidates) {
      KeyValueException timeout = write.giveUp(now);
      if (timeout != null) {
        answers.execute(() -> write.result().completeExceptionally(timeout));
      }
    }
  }

  /** Groups committed so far. */
  public long groups() {
    return groups.sum();
  }

  /** Writes answered with an outcome so far. */
  public long acknowledged() {
    return acknowledged.sum();
  }

  /** Whether the committer runs; without it no write is ever answered. */
  public boolean isAlive() {
    return committer.isAlive();
  }

  /** Writes that wait for the committer. */
  public int queueDepth() {
    return waiting.size();
  }

  @Override
  public void close() {
    closed = true;
    try {
      committer.join(CLOSE_SECONDS * 1_000);
      if (committer.isAlive()) {
        LOG.log(Level.ERROR, "The committer did not end. seconds={0}", CLOSE_SECONDS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    refuseWaiting();
  }

  private @Nullable KeyValueException admit(PendingWrite write) {
    if (closed) {
      return unavailable("The service is stopping.");
    }
    Submission submission = write.submission();
    if (submission.command().grows() && disk.isLow()) {
      return KeyValueException.of(
          ErrorCode.STORAGE_FULL, "The disk has less free space than the configured floor.");
    }
    long weight = submission.command().weight();
    if (waitingBytes.addAndGet(weight) > limits.pendingBytes() || !waiting.offer(write)) {
      waitingBytes.addAndGet(-weight);
      return unavailable("Too many writes wait for the disk.");
    }
    return null;
  }

  private void run() {
    List<PendingWrite> group = new ArrayList<>();
    while (!closed || !waiting.isEmpty()) {
      try {
        PendingWrite first = waiting.poll(IDLE_MILLIS, TimeUnit.MILLISECONDS);
        if (first != null) {
          group.add(first);
          waiting.drainTo(group, limits.groupWrites() - 1);
          commit(group);
        }
      } catch (InterruptedException e) {
        LOG.log(Level.WARNING, "The committer was interrupted; it ends.");
        closed = true;
        return;
      } catch (RuntimeException | Error e) {
        LOG.log(Level.ERROR, "A commit failed.", e);
        fail(group, KeyValueException.of(ErrorCode.INTERNAL, "The commit failed."));
      } finally {
        group.clear();
      }
    }
  }

  private void commit(List<PendingWrite> group) {
    for (PendingWrite write : group) {
      waitingBytes.addAndGet(-write.submission().command().weight());
    }
    List<PendingWrite> taken = group.stream().filter(PendingWrite::take).toList();
    committing = taken;
    try {
      recoverIfFailed();
      List<Outcome> outcomes = store.apply(taken.stream().map(PendingWrite::submission).toList());
      groups.increment();
      acknowledged.add(taken.size());
      answer(taken, outcomes);
    } catch (KeyValueException e) {
      LOG.log(Level.ERROR, "A commit failed. code={0} writes={1}", e.code(), taken.size(), e);
      fail(taken, e);
    } finally {
      committing = List.of();
    }
  }

  private void recoverIfFailed() {
    if (!store.hasFailed()) {
      return;
    }
    if (disk.isLow()) {
      throw KeyValueException.of(ErrorCode.STORAGE_FULL, "The disk is full.");
    }
    store.recover();
    LOG.log(Level.INFO, "The store has recovered from a failed write.");
  }

  private void answer(List<PendingWrite> writes, List<Outcome> outcomes) {
    for (int i = 0; i < writes.size(); i++) {
      PendingWrite write = writes.get(i);
      Outcome outcome = outcomes.get(i);
      answers.execute(() -> write.result().complete(outcome));
    }
  }

  private void fail(List<PendingWrite> writes, KeyValueException failure) {
    for (PendingWrite write : List.copyOf(writes)) {
      answers.execute(() -> write.result().completeExceptionally(failure));
    }
  }

  private void refuseWaiting() {
    if (committer.isAlive()) {
      return;
    }
    List<PendingWrite> left = new ArrayList<>();
    waiting.drainTo(left);
    fail(left, unavailable("The service is stopping."));
  }

  private static KeyValueException unavailable(String detail) {
    return KeyValueException.of(ErrorCode.UNAVAILABLE, detail);
  }
}
