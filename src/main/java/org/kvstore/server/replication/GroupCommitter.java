package org.kvstore.server.replication;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadFactory;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Histogram;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Limits;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.model.Submission;
import org.kvstore.server.store.Store;

/**
 * What every replicator does: one committer thread takes all commands that wait, has them committed
 * as one group, and only then has them answered. While a group is committed the next one gathers,
 * so groups grow with the load; alone, a write waits for nobody. One group follows the other, and
 * so commands are applied in the order in which they came.
 *
 * <p>Under load the committer gives the writers that it has just answered a moment to come back, as
 * one commit for all of them costs less than two. The queue is bounded in commands and in bytes;
 * beyond that a command is refused at once. What has no room on the disk is refused before its
 * group is committed, unless it is a repeat. {@link #sweep} answers what has waited too long.
 * Answers are given by an executor, so that no continuation can hold up a commit.
 */
public abstract class GroupCommitter implements Replicator {
  private static final Logger LOG = System.getLogger(GroupCommitter.class.getName());
  private static final long IDLE_MILLIS = 200;

  /**
   * How long a commit to the disk waits for more writes when few of the writers before are back.
   */
  private static final long GATHER_NANOS = 100_000;

  /** A group is complete with so many bytes: what it holds is in memory several times. */
  private static final long GROUP_BYTES = 2 << 20;

  private static final long CLOSE_SECONDS = 30;

  private final Supplier<@Nullable Store> store;
  private final Limits limits;
  private final DiskSpace disk;
  private final Answers answers;
  private final Footprint footprint;
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
   * @param store gives what there is of the shard here; null while it is elsewhere
   * @param disk where what is written takes room
   * @param threads makes the committer thread
   * @param answers runs what waits for outcomes; must not run it in the calling thread
   */
  protected GroupCommitter(
      Supplier<@Nullable Store> store,
      Limits limits,
      DiskSpace disk,
      ThreadFactory threads,
      Executor answers) {
    this.store = store;
    this.limits = limits;
    this.disk = disk;
    this.answers = new Answers(answers);
    footprint = new Footprint(store, limits);
    pace = new CommitPace(limits.queueDelay());
    waiting = new WriteQueue(limits);
    committer = threads.newThread(this::run);
  }

  /**
   * What became of a group.
   *
   * @param outcomes in order
   * @param written whether anything was written for it
   */
  public record Committed(List<Outcome> outcomes, boolean written) {
    /** Copies the outcomes. */
    public Committed {
      outcomes = List.copyOf(outcomes);
    }
  }

  /** Starts the committer; the last thing that a constructor does. */
  protected final void start() {
    committer.start();
  }

  /**
   * Commits a group: it is durable and applied on return.
   *
   * @throws KeyValueException INDETERMINATE when it may have been applied, any other when it
   *     certainly never is; INTERNAL when one of the submissions is at fault
   */
  protected abstract Committed commit(List<Submission> group);

  /** Called by the committer when there is nothing to commit. */
  protected abstract void idle();

  /** Whether a group can be committed now. While it cannot, writes wait, and may give up. */
  protected boolean isReady() {
    return true;
  }

  /**
   * How long a commit waits for writers that were in the one before to come back.
   *
   * @param waiting how many writes wait
   * @param before how many were in the newest commit
   * @return nanoseconds; none when it does not wait
   */
  protected long gatherNanos(int waiting, int before) {
    return waiting <= before / 2 ? GATHER_NANOS : 0;
  }

  /** Why a write is refused before it waits; null as a rule. */
  protected @Nullable KeyValueException refusal() {
    return null;
  }

  /** Whether it is to end soon. */
  protected final boolean isClosed() {
    return closed;
  }

  @Override
  public final CompletionStage<Outcome> submit(Submission submission) {
    PendingWrite write =
        new PendingWrite(
            submission,
            footprint.changes(submission.command()),
            System.nanoTime(),
            limits.writeWait().toNanos());
    KeyValueException refused = admit(write);
    if (refused != null) {
      write.result().completeExceptionally(refused);
    } else if (ended) {
      refuseWaiting();
    }
    return write.result();
  }

  @Override
  public final void sweep() {
    long now = System.nanoTime();
    List<PendingWrite> candidates = new ArrayList<>(committing);
    candidates.addAll(waiting.all());
    for (PendingWrite write : candidates) {
      KeyValueException timeout = write.giveUp(now);
      if (timeout != null) {
        answers.fail(List.of(write), timeout);
      }
    }
  }

  @Override
  public final Histogram groupSizes() {
    return groupSizes;
  }

  @Override
  public final Histogram commits() {
    return commits;
  }

  @Override
  public final boolean isAlive() {
    return committer.isAlive();
  }

  @Override
  public final boolean isOverloaded() {
    return pace.isOverloaded();
  }

  @Override
  public final boolean refuses() {
    return pace.refuses();
  }

  @Override
  public final int queueDepth() {
    return waiting.depth();
  }

  @Override
  public final long queueBytes() {
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
    KeyValueException refused = refusal();
    if (refused != null) {
      return refused;
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
      while (!closed || (!waiting.isEmpty() && isReady())) {
        List<PendingWrite> group = nextGroup();
        if (!group.isEmpty()) {
          commitTaken(group);
        } else {
          idle();
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
      if (next != null && !isReady()) {
        return leaderless(next);
      }
      long now = System.nanoTime();
      pace.waited(next == null ? 0 : now - next.submittedNanos(), now);
      long gathering = next == null ? 0 : gatherNanos(waiting.depth() + 1, writersBefore);
      if (gathering > 0) {
        waiting.gather(writersBefore - 1, gathering);
      }
      int room = limits.groupWrites();
      long bytes = 0;
      while (next != null) {
        group.add(next);
        bytes += next.weight() + footprint.bytesPatched(next.submission().command());
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

  /**
   * A group of one, as nothing can be committed: once something can, or its time is over. Until
   * then it is not taken, nor are those behind it: if one gives up, it was certainly not applied.
   */
  private List<PendingWrite> leaderless(PendingWrite write) {
    while (!isReady() && !closed && !write.result().isDone()) {
      committing = List.of(write);
      pace.waited(0, System.nanoTime());
      idle();
    }
    return List.of(write);
  }

  private void commitTaken(List<PendingWrite> group) {
    List<PendingWrite> taken = group.stream().filter(PendingWrite::take).toList();
    committing = taken;
    try {
      List<PendingWrite> admitted = refuseGrowth(taken);
      if (!admitted.isEmpty()) {
        attempt(admitted);
      }
    } finally {
      committing = List.of();
      pace.left(Footprint.expected(group));
    }
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
    answers.fail(refused, full);
    return admitted;
  }

  private boolean isRepeat(Submission submission) {
    try {
      Store here = store.get();
      return here != null && here.isRepeat(submission);
    } catch (KeyValueException recovering) {
      return false;
    }
  }

  private void attempt(List<PendingWrite> writes) {
    try {
      long began = System.nanoTime();
      Committed committed = commit(writes.stream().map(PendingWrite::submission).toList());
      record(writes);
      answers.give(writes, committed.outcomes());
      if (committed.written()) {
        pace.committed(Footprint.changed(writes, committed.outcomes()), System.nanoTime() - began);
      }
    } catch (KeyValueException e) {
      LOG.log(Level.ERROR, "A commit failed. code={0} writes={1}", e.code(), writes.size(), e);
      if (e.code() == ErrorCode.INTERNAL && writes.size() > 1) {
        // Nothing was applied. Each by itself, so that only the one that is at fault fails.
        writes.forEach(write -> attempt(List.of(write)));
        return;
      }
      answers.fail(writes, e);
    } catch (RuntimeException | Error e) {
      LOG.log(Level.ERROR, "A commit failed. writes={0}", writes.size(), e);
      answers.fail(
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

  /** Once the committer has ended: it and every submitter that finds it so answer what is left. */
  private void refuseWaiting() {
    List<PendingWrite> left = waiting.drain();
    pace.left(Footprint.expected(left));
    answers.fail(left, unavailable("The service is stopping."));
  }

  protected static KeyValueException unavailable(String detail) {
    return KeyValueException.of(ErrorCode.UNAVAILABLE, detail);
  }
}
