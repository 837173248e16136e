package org.kvstore.server.replication;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.model.Submission;

/**
 * A submitted command on its way. Either the committer takes it or its time runs out first, never
 * both: that is what lets a time-out tell a write that was certainly not applied from an unknown
 * one.
 */
final class PendingWrite {
  private enum State {
    WAITING,
    TAKEN,
    GIVEN_UP
  }

  private final Submission submission;
  private final Changes changes;
  private final long submittedNanos;
  private final long waitNanos;
  private final CompletableFuture<Outcome> result = new CompletableFuture<>();
  private final AtomicReference<State> state = new AtomicReference<>(State.WAITING);

  /**
   * Keys that a write changes.
   *
   * @param most what its part of a commit is bounded by
   * @param expected what a forecast counts: of a range nobody knows how many keys there are
   */
  record Changes(int most, int expected) {}

  /**
   * @param submittedNanos when it was submitted, on the scale of {@link System#nanoTime}
   * @param waitNanos how long to wait before giving up
   */
  PendingWrite(Submission submission, Changes changes, long submittedNanos, long waitNanos) {
    this.submission = submission;
    this.changes = changes;
    this.submittedNanos = submittedNanos;
    this.waitNanos = waitNanos;
  }

  Submission submission() {
    return submission;
  }

  Changes changes() {
    return changes;
  }

  /** Bytes that it holds in memory while it waits. */
  long weight() {
    return submission.command().weight();
  }

  long submittedNanos() {
    return submittedNanos;
  }

  CompletableFuture<Outcome> result() {
    return result;
  }

  /** Takes it into a commit; false when it was given up before. */
  boolean take() {
    return state.compareAndSet(State.WAITING, State.TAKEN);
  }

  /** What to answer when time runs out now, or null when there is time left or it is answered. */
  @Nullable KeyValueException giveUp(long nowNanos) {
    if (nowNanos - submittedNanos < waitNanos || result.isDone()) {
      return null;
    }
    if (state.compareAndSet(State.WAITING, State.GIVEN_UP)) {
      return KeyValueException.of(
          ErrorCode.UNAVAILABLE, "The write waited too long and was not applied.");
    }
    return state.get() == State.TAKEN
        ? KeyValueException.of(
            ErrorCode.INDETERMINATE, "The commit takes too long; the write may yet be applied.")
        : null;
  }
}
