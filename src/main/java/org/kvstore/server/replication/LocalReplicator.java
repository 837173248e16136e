package org.kvstore.server.replication;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Command;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.Histogram;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Lease;
import org.kvstore.server.model.Limits;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.model.Patch;
import org.kvstore.server.model.Submission;
import org.kvstore.server.replication.PendingWrite.Changes;
import org.kvstore.server.store.Store;

/**
 * The replicator of a single process: one committer thread, which takes all commands that wait,
 * applies them as one group with one fsync, and only then has them answered. While a group is made
 * durable the next one gathers, so groups grow with the load; alone, a write waits for nobody.
 * Under load the committer gives the writers that it has just answered a moment to come back, as
 * one fsync for all of them costs less than two.
 *
 * <p>The queue is bounded in commands and in bytes; beyond that a command is refused at once. What
 * has no room on the disk is refused before its group is committed, unless it is a repeat. The
 * committer is the only thread that commits to the store. {@link #sweep} answers what has waited
 * too long. Answers are given by {@code answers}, so that no continuation can hold up a commit.
 */
public final class LocalReplicator implements Replicator {
  private static final Logger LOG = System.getLogger(LocalReplicator.class.getName());
  private static final long IDLE_MILLIS = 200;

  /** How long a commit waits for more writes when few of the writers before are back. */
  private static final long GATHER_NANOS = 100_000;

  /** A group is complete with so many bytes: what it holds is in memory several times. */
  private static final long GROUP_BYTES = 4 << 20;

  private static final long CLOSE_SECONDS = 30;

  /** Handing a task to the executor costs more than an answer, so one task gives several. */
  private static final int LEAST_ANSWERS_A_TASK = 16;

  /** Tasks that answer one group, at the most. */
  private static final int ANSWER_TASKS = 8;

  private final Store store;
  private final Limits limits;
  private final DiskSpace disk;
  private final Executor answers;
  private final Thread committer;

  private final WriteQueue waiting;
  private final CommitPace pace;
  private final Histogram groupSizes = Histogram.ofSizes();
  private final Histogram commits = Histogram.ofDurations();

  /** The group that is being committed: written by the committer, read by the sweep. */
  private volatile List<PendingWrite> committing = List.of();

  /** Writes in the newest group; the committer's own. */
  private int writersBefore;

  private volatile boolean closed;

  /** Set by the committer as the last thing before it answers what is left in the queue. */
  private volatile boolean ended;

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
    pace = new CommitPace(limits.queueDelay());
    waiting = new WriteQueue(limits);
    committer = threads.newThread(this::run);
    committer.start();
  }

  @Override
  public CompletionStage<Outcome> submit(Submission submission) {
    PendingWrite write =
        new PendingWrite(
            submission,
            changes(submission.command()),
            System.nanoTime(),
            limits.writeWait().toNanos());
    KeyValueException refusal = admit(write);
    if (refusal != null) {
      write.result().completeExceptionally(refusal);
    } else if (ended) {
      refuseWaiting();
    }
    return write.result();
  }

  @Override
  public CompletionStage<Void> readBarrier() {
    return CompletableFuture.completedStage(null);
  }

  @Override
  public boolean leads() {
    return true;
  }

  @Override
  public void sweep() {
    long now = System.nanoTime();
    List<PendingWrite> candidates = new ArrayList<>(committing);
    candidates.addAll(waiting.all());
    for (PendingWrite write : candidates) {
      KeyValueException timeout = write.giveUp(now);
      if (timeout != null) {
        execute(() -> write.result().completeExceptionally(timeout));
      }
    }
  }

  @Override
  public Histogram groupSizes() {
    return groupSizes;
  }

  @Override
  public Histogram commits() {
    return commits;
  }

  @Override
  public boolean isAlive() {
    return committer.isAlive();
  }

  @Override
  public boolean isOverloaded() {
    return pace.isOverloaded();
  }

  @Override
  public boolean refuses() {
    return pace.refuses();
  }

  @Override
  public int queueDepth() {
    return waiting.depth();
  }

  @Override
  public long queueBytes() {
    return waiting.bytes();
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
  }

  private @Nullable KeyValueException admit(PendingWrite write) {
    if (closed) {
      return unavailable("The service is stopping.");
    }
    pace.submitted(write.changes().expected());
    if (!waiting.offer(write)) {
      pace.left(write.changes().expected());
      return unavailable("Too many writes wait for the disk.");
    }
    return null;
  }

  private void run() {
    try {
      while (!closed || !waiting.isEmpty()) {
        List<PendingWrite> group = nextGroup();
        if (!group.isEmpty()) {
          commit(group);
        } else {
          recoverWhenIdle();
        }
      }
    } finally {
      ended = true;
      refuseWaiting();
    }
  }

  /** Waits for a write and takes all that wait with it, as far as one commit may go. */
  private List<PendingWrite> nextGroup() {
    List<PendingWrite> group = new ArrayList<>();
    try {
      PendingWrite next = waiting.poll(IDLE_MILLIS);
      long now = System.nanoTime();
      pace.waited(next == null ? 0 : now - next.submittedNanos(), now);
      if (next != null && waiting.depth() < writersBefore / 2) {
        LockSupport.parkNanos(GATHER_NANOS);
      }
      int room = limits.groupWrites();
      long bytes = 0;
      while (next != null) {
        group.add(next);
        bytes += next.weight() + valueOf(next);
        room -= next.changes().most();
        next = bytes < GROUP_BYTES ? waiting.pollWithin(room) : null;
      }
    } catch (InterruptedException e) {
      LOG.log(Level.WARNING, "The committer was interrupted; it answers what waits and ends.");
      closed = true;
    }
    writersBefore = group.size();
    return group;
  }

  /** Bytes of the value that a patch is applied to, as it writes about as many. */
  private long valueOf(PendingWrite write) {
    try {
      Entry entry =
          write.submission().command() instanceof Command.Modify modify
                  && modify.patch().kind() != Patch.Kind.INCREMENT
              ? store.get(modify.key())
              : null;
      return entry == null ? 0 : entry.value().size();
    } catch (KeyValueException notReadable) {
      return 0;
    }
  }

  private Changes changes(Command command) {
    if (command instanceof Command.DeleteRange range) {
      return new Changes(range.limit(), 1);
    }
    if (command instanceof Command.Expire expire) {
      return new Changes(expire.limit(), 1);
    }
    int known = 1;
    if (command instanceof Command.Transact transact) {
      known += Math.max(transact.then().size(), transact.otherwise().size());
    } else if (command instanceof Command.RevokeLease revoke) {
      known += keysOn(revoke.lease());
    }
    return new Changes(known, known);
  }

  /** Keys that writes have changed, about: more than one each where that was not known before. */
  private static long changed(List<PendingWrite> writes, List<Outcome> outcomes) {
    long changed = expected(writes);
    for (Outcome outcome : outcomes) {
      if (outcome instanceof Outcome.RangeDeleted range) {
        changed += range.deleted();
      } else if (outcome instanceof Outcome.Expired expired) {
        changed += expired.expired();
      }
    }
    return changed;
  }

  /** Keys on a lease; puts of the group being made may add to them, and count for themselves. */
  private int keysOn(long id) {
    try {
      Lease lease = store.lease(id);
      return lease == null ? 0 : lease.keys();
    } catch (KeyValueException recovering) {
      return limits.leaseKeys();
    }
  }

  private void commit(List<PendingWrite> group) {
    List<PendingWrite> taken = group.stream().filter(PendingWrite::take).toList();
    committing = taken;
    try {
      List<PendingWrite> admitted = refuseGrowth(taken);
      if (!admitted.isEmpty()) {
        attempt(admitted);
      }
    } finally {
      committing = List.of();
      pace.left(expected(group));
    }
  }

  private static long expected(List<PendingWrite> writes) {
    return writes.stream().mapToLong(write -> write.changes().expected()).sum();
  }

  /** Answers the writes that have no room on the disk; returns the others. */
  private List<PendingWrite> refuseGrowth(List<PendingWrite> writes) {
    boolean grows = writes.stream().anyMatch(write -> write.submission().grows());
    KeyValueException full = grows ? disk.refusal() : null;
    if (full == null) {
      return writes;
    }
    List<PendingWrite> admitted = new ArrayList<>();
    List<PendingWrite> refused = new ArrayList<>();
    for (PendingWrite write : writes) {
      boolean hasRoom = !write.submission().grows() || isRepeat(write.submission());
      (hasRoom ? admitted : refused).add(write);
    }
    fail(refused, full);
    return admitted;
  }

  private boolean isRepeat(Submission submission) {
    try {
      return store.isRepeat(submission);
    } catch (KeyValueException recovering) {
      return false;
    }
  }

  private void attempt(List<PendingWrite> writes) {
    try {
      recoverIfFailed();
      long syncs = store.syncs().count();
      long began = System.nanoTime();
      List<Outcome> outcomes = store.apply(writes.stream().map(PendingWrite::submission).toList());
      record(writes);
      answer(writes, outcomes);
      if (store.syncs().count() > syncs) {
        pace.committed(changed(writes, outcomes), System.nanoTime() - began);
      }
    } catch (KeyValueException e) {
      LOG.log(Level.ERROR, "A commit failed. code={0} writes={1}", e.code(), writes.size(), e);
      if (e.code() == ErrorCode.INTERNAL && writes.size() > 1) {
        // Nothing was applied. Each by itself, so that only the one that is at fault fails.
        writes.forEach(write -> attempt(List.of(write)));
        return;
      }
      fail(writes, e);
    } catch (RuntimeException | Error e) {
      LOG.log(Level.ERROR, "A commit failed. writes={0}", writes.size(), e);
      fail(
          writes,
          KeyValueException.of(
              ErrorCode.INDETERMINATE, "The commit failed; the outcome is not known."));
    }
  }

  private void record(List<PendingWrite> writes) {
    groupSizes.record(writes.size());
    long now = System.nanoTime();
    for (PendingWrite write : writes) {
      commits.record(now - write.submittedNanos());
    }
  }

  private void recoverIfFailed() {
    if (!store.hasFailed()) {
      return;
    }
    // Recovery closes the files first. Without room to open them again, reads would end too.
    if (disk.isLow() || disk.freeBytes() < store.recoveryBytes()) {
      throw KeyValueException.of(ErrorCode.STORAGE_FULL, "The disk is full.");
    }
    store.recover();
    LOG.log(Level.INFO, "The store has recovered from a failed write.");
  }

  /** So that reads come back even when no write asks for it. */
  private void recoverWhenIdle() {
    try {
      recoverIfFailed();
    } catch (KeyValueException e) {
      if (e.code() != ErrorCode.STORAGE_FULL) {
        LOG.log(Level.WARNING, "The store cannot recover yet from a failed write.", e);
      }
    } catch (RuntimeException e) {
      LOG.log(Level.WARNING, "The store cannot recover yet from a failed write.", e);
    }
  }

  private void answer(List<PendingWrite> writes, List<Outcome> outcomes) {
    int step = Math.max(LEAST_ANSWERS_A_TASK, 1 + writes.size() / ANSWER_TASKS);
    for (int start = 0; start < writes.size(); start += step) {
      int from = start;
      int to = Math.min(from + step, writes.size());
      execute(
          () -> {
            for (int i = from; i < to; i++) {
              writes.get(i).result().complete(outcomes.get(i));
            }
          });
    }
  }

  private void fail(List<PendingWrite> writes, KeyValueException failure) {
    for (PendingWrite write : writes) {
      execute(() -> write.result().completeExceptionally(failure));
    }
  }

  /** No write is left without its answer, not even when the executor has been shut down. */
  private void execute(Runnable answer) {
    try {
      answers.execute(answer);
    } catch (RejectedExecutionException e) {
      answer.run();
    }
  }

  /** Once the committer has ended: it and every submitter that finds it so answer what is left. */
  private void refuseWaiting() {
    List<PendingWrite> left = waiting.drain();
    pace.left(expected(left));
    fail(left, unavailable("The service is stopping."));
  }

  private static KeyValueException unavailable(String detail) {
    return KeyValueException.of(ErrorCode.UNAVAILABLE, detail);
  }
}
