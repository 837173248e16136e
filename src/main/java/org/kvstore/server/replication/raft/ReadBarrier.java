package org.kvstore.server.replication.raft;

import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.ratis.protocol.ClientId;
import org.apache.ratis.protocol.Message;
import org.apache.ratis.protocol.RaftClientReply;
import org.apache.ratis.protocol.RaftClientRequest;
import org.apache.ratis.protocol.RaftGroupId;
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
 * never more than two rounds' worth of waiting, and one round under way. The monitor guards which.
 */
final class ReadBarrier {
  private static final AtomicLong CALLS = new AtomicLong();

  private final RaftServer server;
  private final RaftGroupId group;
  private final ClientId client = ClientId.randomId();
  private boolean underWay;
  private @Nullable CompletableFuture<Void> next;

  ReadBarrier(RaftServer server, RaftGroupId group) {
    this.server = server;
    this.group = group;
  }

  /** Completes when every write acknowledged before the call can be read here; or UNAVAILABLE. */
  CompletionStage<Void> pass() {
    CompletableFuture<Void> mine;
    boolean begins;
    synchronized (this) {
      if (next == null) {
        next = new CompletableFuture<>();
      }
      mine = next;
      begins = !underWay;
      if (begins) {
        underWay = true;
        next = null;
      }
    }
    if (begins) {
      round(mine);
    }
    return mine;
  }

  private void round(CompletableFuture<Void> waiting) {
    try {
      server
          .submitClientRequestAsync(request())
          .whenComplete((reply, failure) -> ended(waiting, reply, failure));
    } catch (IOException | RuntimeException e) {
      ended(waiting, null, e);
    }
  }

  private RaftClientRequest request() {
    return RaftClientRequest.newBuilder()
        .setClientId(client)
        .setServerId(server.getId())
        .setGroupId(group)
        .setCallId(CALLS.incrementAndGet())
        .setMessage(Message.EMPTY)
        .setType(RaftClientRequest.readRequestType())
        .build();
  }

  private void ended(
      CompletableFuture<Void> waiting,
      @Nullable RaftClientReply reply,
      @Nullable Throwable failure) {
    CompletableFuture<Void> following;
    synchronized (this) {
      following = next;
      next = null;
      underWay = following != null;
    }
    if (following != null) {
      round(following);
    }
    if (reply != null && reply.isSuccess()) {
      waiting.complete(null);
      return;
    }
    Throwable cause = reply == null ? failure : reply.getException();
    KeyValueException unavailable =
        KeyValueException.of(
            ErrorCode.UNAVAILABLE, "No majority of the nodes says what is newest.");
    waiting.completeExceptionally(cause == null ? unavailable : unavailable.withCause(cause));
  }
}
