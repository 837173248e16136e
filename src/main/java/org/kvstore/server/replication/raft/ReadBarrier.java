package org.kvstore.server.replication.raft;

import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.ratis.protocol.ClientId;
import org.apache.ratis.protocol.Message;
import org.apache.ratis.protocol.RaftClientReply;
import org.apache.ratis.protocol.RaftClientRequest;
import org.apache.ratis.server.RaftServer;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.KeyValueException;

/**
 * What a linearizable read waits for at a replica: the leader's word, confirmed by a majority, on
 * how far the log is committed, and this replica's having applied that much (Ongaro, Consensus:
 * Bridging Theory and Practice, section 6.4). The leader and the followers serve such reads alike.
 *
 * <p>Reads that come while one round is under way wait for the next, all for the same one: a round
 * that began before a read did may miss a write that was acknowledged before the read. So there are
 * never more than two rounds' worth of waiting, and one round under way. A round that fails, as
 * there is an election, is tried again for a while; not when there has been no leader for long. The
 * monitor guards which is which.
 */
final class ReadBarrier {
  private static final long AGAIN_MILLIS = 50;

  /** How long a round is tried for: longer than an election takes. */
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(6);

  private static final AtomicLong CALLS = new AtomicLong();

  private final RaftServer server;
  private final Leadership leadership;
  private final Executor answers;
  private final ScheduledExecutorService timer;
  private final ClientId client = ClientId.randomId();
  private boolean underWay;
  private @Nullable Round next;

  /**
   * @param answers runs what waits
   * @param timer for the next try
   */
  ReadBarrier(
      RaftServer server, Leadership leadership, Executor answers, ScheduledExecutorService timer) {
    this.server = server;
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

  /** One question to the leader. */
  private final class Round {
    private final CompletableFuture<Void> result = new CompletableFuture<>();
    private long deadline;

    void begin() {
      deadline = System.nanoTime() + PATIENCE_NANOS;
      ask();
    }

    private void ask() {
      try {
        // Ratis answers under locks that its next question takes.
        server
            .submitClientRequestAsync(request())
            .whenComplete((reply, failure) -> answer(() -> heard(reply, failure)));
      } catch (IOException | RuntimeException e) {
        heard(null, e);
      }
    }

    private RaftClientRequest request() {
      return RaftClientRequest.newBuilder()
          .setClientId(client)
          .setServerId(server.getId())
          .setGroupId(leadership.group())
          .setCallId(CALLS.incrementAndGet())
          .setMessage(Message.EMPTY)
          .setType(RaftClientRequest.readRequestType())
          .build();
    }

    private void heard(@Nullable RaftClientReply reply, @Nullable Throwable failure) {
      if (reply != null && reply.isSuccess()) {
        ended();
        result.complete(null);
        return;
      }
      if (System.nanoTime() - deadline < 0 && !leadership.isLost() && again()) {
        return;
      }
      ended();
      Throwable cause = reply == null ? failure : reply.getException();
      KeyValueException unavailable =
          KeyValueException.of(
              ErrorCode.UNAVAILABLE, "No majority of the nodes says what is newest.");
      KeyValueException told = cause == null ? unavailable : unavailable.withCause(cause);
      answer(() -> result.completeExceptionally(told));
    }

    private boolean again() {
      try {
        timer.schedule(this::ask, AGAIN_MILLIS, TimeUnit.MILLISECONDS);
        return true;
      } catch (RejectedExecutionException closing) {
        return false;
      }
    }

    private void answer(Runnable answer) {
      try {
        answers.execute(answer);
      } catch (RejectedExecutionException closing) {
        answer.run();
      }
    }
  }
}
