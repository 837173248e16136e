package org.kvstore.server.replication.raft;

import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.util.JavaUtils;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.model.Serial;
import org.kvstore.server.model.Submission;
import org.kvstore.server.store.GroupResult;
import org.kvstore.server.store.LogEntry;
import org.kvstore.server.store.LogForm;

/**
 * Sends groups of submissions to the leader of a shard, wherever that is, one after the other; the
 * leader proposes them, see {@link Proposals}. A group is sent again and again until it is known
 * what became of it or its time is over, to each new leader as soon as it is heard of.
 *
 * <p>However often a group comes into the log, it is applied once, and never after a later one:
 * each has a {@link Serial}, and every replica passes over what is not later than the last. What
 * Raft itself remembers of requests would not do, as it ends with the process.
 */
final class GroupSender {
  private static final long LOOK_MILLIS = 20;

  /** How long a leader is waited for before it is asked again: it may be gone. */
  private static final long ANSWER_MILLIS = 3_000;

  /** An entry, and Raft, add a little to a group. */
  private static final int MOST_BYTES = RaftSettings.ENTRY.getSizeInt() - 2_048;

  private final ProposalCalls proposals;
  private final Leadership leadership;
  private final long mostNanos;
  private final BooleanSupplier ends;
  private long life = System.currentTimeMillis();
  private long number;

  /**
   * @param mostNanos how long a group is tried for
   * @param ends whether it is to be given up soon
   */
  GroupSender(
      ProposalCalls proposals, Leadership leadership, long mostNanos, BooleanSupplier ends) {
    this.proposals = proposals;
    this.leadership = leadership;
    this.mostNanos = mostNanos;
    this.ends = ends;
  }

  /**
   * The outcomes, in order; by one thread at a time.
   *
   * @throws KeyValueException UNAVAILABLE when no leader took it, otherwise INDETERMINATE
   */
  List<Outcome> send(List<Submission> group) {
    long deadline = System.nanoTime() + mostNanos;
    while (true) {
      number++;
      Serial serial = new Serial(proposals.self(), life, number);
      Way way = new Way(new LogEntry.Group(serial, group), deadline);
      GroupResult result = way.result();
      if (result instanceof GroupResult.Applied applied) {
        return applied.outcomes();
      }
      if (!(result instanceof GroupResult.Outdated outdated)) {
        throw indeterminate("It was applied before, but its outcome is lost.");
      }
      if (way.unknown > 1) {
        throw indeterminate("It may have been applied before a group of an earlier start.");
      }
      // The clock has gone back since this node was started before.
      life = outdated.life() + 1;
      number = 0;
    }
  }

  private static KeyValueException indeterminate(String detail) {
    return KeyValueException.of(ErrorCode.INDETERMINATE, detail);
  }

  /** What a try ended with: a result, or a failure. */
  private record Answer(RaftPeer from, @Nullable GroupResult result, @Nullable Throwable failure) {

    /** Whether nothing was proposed. */
    boolean isRefusal() {
      return JavaUtils.unwrapCompletionException(failure) instanceof NotLeadingException;
    }
  }

  /** One group on its way. */
  private final class Way {
    private final byte[] group;
    private final long deadline;
    private final BlockingQueue<Answer> answers = new LinkedBlockingQueue<>();

    /** Tries that have not been answered, or not so that one knows whether it was proposed. */
    private int unknown;

    Way(LogEntry.Group group, long deadline) {
      this.group = LogForm.of(group);
      this.deadline = deadline;
      if (this.group.length > MOST_BYTES) {
        throw KeyValueException.of(
            ErrorCode.INTERNAL, "The write is larger than an entry of the log may be.");
      }
    }

    GroupResult result() {
      try {
        RaftPeer asked = null;
        while (true) {
          RaftPeer leader = leadership.leader();
          if (leader != null && !leader.equals(asked)) {
            asked = leader;
            attempt(leader);
          }
          Answer answer = answers.poll(LOOK_MILLIS, TimeUnit.MILLISECONDS);
          if (answer != null) {
            if (answer.result() != null) {
              return answer.result();
            }
            unknown -= answer.isRefusal() ? 1 : 0;
            // The same one is asked again, if need be, but not at once.
            asked = answer.from().equals(asked) ? null : asked;
            Thread.sleep(asked == null ? LOOK_MILLIS : 0);
          }
          requireTime();
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw failure();
      }
    }

    private void requireTime() {
      if (System.nanoTime() - deadline > 0 || ends.getAsBoolean()) {
        throw failure();
      }
    }

    private KeyValueException failure() {
      return unknown > 0
          ? indeterminate("No leader has answered; the write may have been applied, or yet be.")
          : KeyValueException.of(ErrorCode.UNAVAILABLE, Leadership.NONE);
    }

    private void attempt(RaftPeer to) {
      unknown++;
      proposals
          .propose(to, leadership.group(), group, ANSWER_MILLIS)
          .whenComplete((result, failure) -> answers.add(new Answer(to, result, failure)));
    }
  }
}
