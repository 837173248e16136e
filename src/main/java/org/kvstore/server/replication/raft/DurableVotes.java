package org.kvstore.server.replication.raft;

import java.io.IOException;
import org.apache.ratis.proto.RaftProtos.RequestVoteReplyProto;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.thirdparty.io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import org.apache.ratis.thirdparty.io.grpc.Metadata;
import org.apache.ratis.thirdparty.io.grpc.ServerCall;
import org.apache.ratis.thirdparty.io.grpc.ServerCallHandler;
import org.apache.ratis.thirdparty.io.grpc.ServerInterceptor;
import org.apache.ratis.thirdparty.io.grpc.Status;
import org.apache.ratis.util.ProtoUtils;

/**
 * Answers a candidate that has this node's vote once that vote is on the disk, see {@link
 * LogDirectory}: else, after a power cut, another candidate of the same term could have it too.
 *
 * <p>What a candidate gives itself is durable before it leads, see {@link ShardMachine}.
 */
final class DurableVotes implements ServerInterceptor {
  private final Sync sync;

  /** Makes durable which files the directory of a group's log has. */
  @FunctionalInterface
  interface Sync {
    void of(RaftGroupId group) throws IOException;
  }

  DurableVotes(Sync sync) {
    this.sync = sync;
  }

  @Override
  public <A, B> ServerCall.Listener<A> interceptCall(
      ServerCall<A, B> call, Metadata headers, ServerCallHandler<A, B> next) {
    return next.startCall(
        new SimpleForwardingServerCall<>(call) {
          @Override
          public void sendMessage(B message) {
            if (message instanceof RequestVoteReplyProto reply) {
              makeDurable(reply);
            }
            super.sendMessage(message);
          }
        },
        headers);
  }

  /** One that cannot be made durable is not given. */
  private void makeDurable(RequestVoteReplyProto reply) {
    if (reply.getServerReply().getSuccess()) {
      try {
        sync.of(ProtoUtils.toRaftGroupId(reply.getServerReply().getRaftGroupId()));
      } catch (IOException e) {
        throw Status.UNAVAILABLE
            .withDescription("The vote could not be written.")
            .withCause(e)
            .asRuntimeException();
      }
    }
  }
}
