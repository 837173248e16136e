package org.kvstore.server.replication.raft;

import java.io.IOException;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.KeyValueException;

/**
 * What a linearizable read waits for at a replica: the leader's word on how far the log is
 * committed, a majority's that nobody leads in a later term, and this replica's having applied that
 * much (Ongaro, Consensus: Bridging Theory and Practice, section 6.4). The leader and the followers
 * serve such reads alike.
 *
 * <p>All are asked after the read has come. A leader of a later term would have been elected by a
 * majority, and at least one of those asked would be of its term: so whatever was acknowledged
 * before the read came, was acknowledged by this leader or an earlier one, and this one has
 * committed it. Raft's own reads are not used: a leader of Ratis that has had an index confirmed
 * answers for it again without asking anybody, however long it was paused meanwhile.
 *
 * <p>Reads that come while one round is under way wait for the next, all for the same one: a round
 * that began before a read did may miss a write that was acknowledged before the read. So there are
 * never more than two rounds' worth of waiting, and one round under way. A round that fails, as
 * there is an election, is tried again for a while; not when there has been no leader for long. The
 * monitor guards which is which.
 */
final class ReadBarrier {
  private static final long AGAIN_MILLIS = 50;
  private static final long ANSWER_MILLIS = 1_000;

  /** The leader's answer, the others', and what is to be applied. */
  private static final long ATTEMPT_MILLIS = 4 * ANSWER_MILLIS;

  /** How long a round is tried for: longer than an election takes. */
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(6);

  private final Replicas replicas;
  private final RaftGroups raft;
  private final Standings standings;
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
      RaftNode node, Leadership leadership, Executor answers, ScheduledExecutorService timer) {
    replicas = node.replicas();
    raft = node.raft();
    standings = node.standings();
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

  /** Does something that is to complete a result; if it throws, that fails. */
  private static void guard(CompletableFuture<Void> result, Runnable task) {
    try {
      task.run();
    } catch (RuntimeException e) {
      result.completeExceptionally(e);
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
      CompletableFuture<Void> attempt = new CompletableFuture<>();
      guard(attempt, () -> new Attempt(leader, attempt).begin());
      attempt.orTimeout(ATTEMPT_MILLIS, TimeUnit.MILLISECONDS);
      attempt.whenComplete(
          (any, failure) -> {
            if (failure == null) {
              answer(this::succeeded);
            } else {
              answer(() -> failed(failure));
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
      return System.nanoTime() - deadline < 0
          && !leadership.isLost()
          && leadership.isHere();
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

  /** Asks the leader and, as far as needed, the others. The monitor guards what they have said. */
  private final class Attempt {
    private final RaftPeer leader;
    private final CompletableFuture<Void> result;
    private final Set<RaftPeerId> confirmed = new HashSet<>();
    private int asked;
    private boolean isMajority;

    Attempt(RaftPeer leader, CompletableFuture<Void> result) {
      this.leader = leader;
      this.result = result;
    }

    void begin() {
      standing(leader)
          .whenComplete(
              (standing, failure) -> {
                if (failure != null) {
                  result.completeExceptionally(failure);
                } else if (!standing.leads()) {
                  result.completeExceptionally(new IOException(leader.getId() + " does not lead."));
                } else {
                  guard(result, () -> confirm(standing));
                }
              });
    }

    private void confirm(Standing leads) {
      confirmed.add(leader.getId());
      RaftPeerId self = raft.self();
      Standing own = standings.own(leadership.group());
      if (own != null && own.term() > leads.term()) {
        result.completeExceptionally(new IOException("There is a later term."));
        return;
      }
      if (own != null && own.confirms(leads, self)) {
        confirmed.add(self);
      }
      if (leads.isMajority(confirmed)) {
        applied(leads.committed());
        return;
      }
      var others =
          leads.allVoters().stream().filter(peer -> !confirmed.contains(peer.getId())).toList();
      asked = others.size();
      if (others.isEmpty()) {
        result.completeExceptionally(new IOException("There is no majority."));
      }
      for (RaftPeer other : others) {
        standing(other)
            .whenComplete((its, failure) -> guard(result, () -> heard(leads, other, its, failure)));
      }
    }

    private void heard(
        Standing leads, RaftPeer from, @Nullable Standing its, @Nullable Throwable failure) {
      boolean isEnough;
      synchronized (this) {
        asked--;
        if (its != null && its.confirms(leads, from.getId())) {
          confirmed.add(from.getId());
        }
        isEnough = !isMajority && leads.isMajority(confirmed);
        isMajority |= isEnough;
        if (!isMajority && asked == 0) {
          result.completeExceptionally(
              failure == null ? new IOException("There is another term.") : failure);
        }
      }
      if (isEnough) {
        applied(leads.committed());
      }
    }

    private void applied(long index) {
      CompletableFuture<Void> applied = replicas.require(leadership.shard()).machine().reaches(index);
      if (applied.isDone()) {
        result.complete(null);
        return;
      }
      nudge();
      applied
          .orTimeout(ANSWER_MILLIS, TimeUnit.MILLISECONDS)
          .whenComplete(
              (any, failure) -> {
                if (failure == null) {
                  result.complete(null);
                } else {
                  result.completeExceptionally(
                      new TimeoutException("This replica has not applied entry " + index + "."));
                }
              });
    }

    /** Has the leader say how far it is, which it otherwise does with the next entry. */
    private void nudge() {
      if (!leader.getId().equals(raft.self())) {
        raft.askForCommitIndex(leadership.group());
      }
    }

    private CompletableFuture<Standing> standing(RaftPeer of) {
      return standings.ask(of, leadership.group());
    }
  }
}
