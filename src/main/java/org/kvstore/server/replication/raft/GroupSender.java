package org.kvstore.server.replication.raft;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.ratis.protocol.ClientId;
import org.apache.ratis.protocol.Message;
import org.apache.ratis.protocol.RaftClientReply;
import org.apache.ratis.protocol.RaftClientRequest;
import org.apache.ratis.protocol.RaftGroup;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.protocol.exceptions.NotLeaderException;
import org.apache.ratis.thirdparty.com.google.protobuf.UnsafeByteOperations;
import org.apache.ratis.util.JavaUtils;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.model.Submission;
import org.kvstore.server.store.LogForm;

/**
 * Sends groups of submissions to the leader of a shard, wherever that is, until it is known what
 * became of them or their time is over. A group is sent under one call id however often: the
 * leader, and any later one, does not apply it twice.
 *
 * <p>Only its first try can tell for certain that nothing was applied; from then on a group may be
 * in somebody's log.
 */
final class GroupSender {
  private static final long BACKOFF_MILLIS = 50;
  private static final AtomicLong CALLS = new AtomicLong();

  private final RaftNode node;
  private final RaftGroup group;
  private final ClientId client = ClientId.randomId();
  private final ScheduledExecutorService timer;
  private final long mostNanos;
  private volatile RaftPeerId leader;

  GroupSender(RaftNode node, RaftGroup group, ScheduledExecutorService timer, long mostNanos) {
    this.node = node;
    this.group = group;
    this.timer = timer;
    this.mostNanos = mostNanos;
    leader = node.server().getId();
  }

  /** The outcomes, in order; or INDETERMINATE. */
  CompletableFuture<List<Outcome>> send(List<Submission> submissions) {
    Message message =
        Message.valueOf(UnsafeByteOperations.unsafeWrap(LogForm.ofGroup(submissions)));
    Try first = new Try(message, CALLS.incrementAndGet(), System.nanoTime() + mostNanos);
    first.run();
    return first.result;
  }

  /** A group on its way, again and again. */
  private final class Try implements Runnable {
    private final Message message;
    private final long call;
    private final long deadline;
    private final CompletableFuture<List<Outcome>> result = new CompletableFuture<>();

    Try(Message message, long call, long deadline) {
      this.message = message;
      this.call = call;
      this.deadline = deadline;
    }

    @Override
    public void run() {
      RaftPeerId to = leader;
      try {
        submit(request(to), to).whenComplete((reply, failure) -> heard(to, reply, failure));
      } catch (Exception e) {
        heard(to, null, e);
      }
    }

    private RaftClientRequest request(RaftPeerId to) {
      return RaftClientRequest.newBuilder()
          .setClientId(client)
          .setServerId(to)
          .setGroupId(group.getGroupId())
          .setCallId(call)
          .setMessage(message)
          .setType(RaftClientRequest.writeRequestType())
          .build();
    }

    private CompletableFuture<RaftClientReply> submit(RaftClientRequest request, RaftPeerId to)
        throws Exception {
      return to.equals(node.server().getId())
          ? node.server().submitClientRequestAsync(request)
          : node.transport().sendRequestAsyncUnordered(request);
    }

    private void heard(
        RaftPeerId from, @Nullable RaftClientReply reply, @Nullable Throwable failure) {
      if (reply != null && reply.isSuccess()) {
        byte[] outcomes = reply.getMessage().getContent().toByteArray();
        if (outcomes.length > 0) {
          result.complete(LogForm.outcomes(outcomes));
          return;
        }
      }
      RaftPeerId hint = hint(reply, failure);
      boolean isBroken =
          failure != null
              && !(JavaUtils.unwrapCompletionException(failure) instanceof NotLeaderException);
      if (isBroken && !from.equals(node.server().getId())) {
        node.transport().handleException(from, failure, false);
      }
      boolean isHint = hint != null && !hint.equals(from);
      leader = hint != null && isHint ? hint : after(from);
      if (System.nanoTime() > deadline) {
        result.completeExceptionally(
            KeyValueException.of(
                ErrorCode.INDETERMINATE,
                "No leader has answered; the write may have been applied, or yet be."));
        return;
      }
      timer.schedule(this, isHint ? 0 : BACKOFF_MILLIS, TimeUnit.MILLISECONDS);
    }
  }

  /** Who leads, as far as somebody knows who does not. */
  private static @Nullable RaftPeerId hint(
      @Nullable RaftClientReply reply, @Nullable Throwable failure) {
    NotLeaderException elsewhere = reply == null ? null : reply.getNotLeaderException();
    if (failure != null
        && JavaUtils.unwrapCompletionException(failure) instanceof NotLeaderException told) {
      elsewhere = told;
    }
    RaftPeer suggested = elsewhere == null ? null : elsewhere.getSuggestedLeader();
    return suggested == null ? null : suggested.getId();
  }

  /** The next member in turn. */
  private RaftPeerId after(RaftPeerId one) {
    List<RaftPeerId> all =
        group.getPeers().stream()
            .map(RaftPeer::getId)
            .sorted((a, b) -> a.toString().compareTo(b.toString()))
            .toList();
    return all.get((all.indexOf(one) + 1) % all.size());
  }
}
