package org.kvstore.server.replication.raft;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.util.JavaUtils;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.KeyValueException;

/**
 * What linearizable reads of a shard wait for at this node, see {@link ReadIndex}.
 *
 * <p>Reads that come while one round is under way wait for the next, all for the same one: a round
 * that began before a read did may miss a write that was acknowledged before the read. So there are
 * never more than two rounds' worth of waiting, and one round under way. A round that fails, as
 * there is an election, is tried again for a while; not when there has been no leader for long. The
 * monitor guards which is which.
 */
final class ReadBarrier {
  private static final long AGAIN_MILLIS = 50;

  /** The leader's answer, the others', and what is to be applied: a second each, and one more. */
  private static final long ATTEMPT_MILLIS = 4_000;

  /** How long a round is tried for: longer than an election takes. */
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(6);

  private final ReadIndex index;
  private final Leadership leadership;
  private final Executor answers;
  private final ScheduledExecutorService timer;
  private boolean underWay;
  private @Nullable Round next;

  /**
   * @param answers runs what waits
   * @param timer for the next try
   */
  ReadBarrier(
      ReadIndex index, Leadership leadership, Executor answers, ScheduledExecutorService timer) {
    this.index = index;
    this.leadership = leadership;
    this.answers = answers;
    this.timer = timer;
  }

  /** Completes when every write acknowledged before the call can be read here; or UNAVAILABLE. */
  CompletionStage<Void> pass() {
    Round mine;
    boolean begins;
    synchronized (this) {
      if (next == null) {
        next = new Round();
      }
      mine = next;
      begins = !underWay;
      if (begins) {
        underWay = true;
        next = null;
      }
    }
    if (begins) {
      mine.begin();
    }
    return mine.result;
  }

  private void ended() {
    Round following;
    synchronized (this) {
      following = next;
      next = null;
      underWay = following != null;
    }
    if (following != null) {
      following.begin();
    }
  }

  /** Neither Raft's threads nor those of connections may be held up by what waits. */
  private void answer(Runnable answer) {
    try {
      answers.execute(answer);
    } catch (RejectedExecutionException closing) {
      answer.run();
    }
  }

  /** Tries until one try succeeds or the time is over; one try at a time. */
  private final class Round {
    private final CompletableFuture<Void> result = new CompletableFuture<>();
    private long deadline;

    void begin() {
      deadline = System.nanoTime() + PATIENCE_NANOS;
      attempt();
    }

    private void attempt() {
      RaftPeer leader;
      try {
        leader = leadership.leader();
      } catch (RuntimeException closing) {
        failed(closing);
        return;
      }
      if (leader == null) {
        failed(null);
        return;
      }
      index
          .reached(leader)
          .orTimeout(ATTEMPT_MILLIS, TimeUnit.MILLISECONDS)
          .whenComplete(
              (any, failure) -> {
                if (failure == null) {
                  answer(this::succeeded);
                } else {
                  answer(() -> failed(JavaUtils.unwrapCompletionException(failure)));
                }
              });
    }

    private void succeeded() {
      ended();
      result.complete(null);
    }

    private void failed(@Nullable Throwable failure) {
      if (isWorthWaiting() && again()) {
        return;
      }
      ended();
      KeyValueException unavailable =
          KeyValueException.of(
              ErrorCode.UNAVAILABLE, "No majority of the nodes says what is newest.");
      KeyValueException told = failure == null ? unavailable : unavailable.withCause(failure);
      answer(() -> result.completeExceptionally(told));
    }

    private boolean isWorthWaiting() {
      return System.nanoTime() - deadline < 0 && !leadership.isLost() && leadership.isHere();
    }

    private boolean again() {
      try {
        timer.schedule(this::attempt, AGAIN_MILLIS, TimeUnit.MILLISECONDS);
        return true;
      } catch (RejectedExecutionException closing) {
        return false;
      }
    }
  }
}
