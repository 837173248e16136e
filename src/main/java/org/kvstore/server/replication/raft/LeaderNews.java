package org.kvstore.server.replication.raft;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.function.Function;
import org.apache.ratis.proto.RaftProtos.AppendEntriesReplyProto;
import org.apache.ratis.proto.RaftProtos.AppendEntriesRequestProto;
import org.apache.ratis.proto.RaftProtos.CommitInfoProto;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.thirdparty.io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import org.apache.ratis.thirdparty.io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import org.apache.ratis.thirdparty.io.grpc.Metadata;
import org.apache.ratis.thirdparty.io.grpc.ServerCall;
import org.apache.ratis.thirdparty.io.grpc.ServerCallHandler;
import org.apache.ratis.thirdparty.io.grpc.ServerInterceptor;
import org.apache.ratis.util.ProtoUtils;
import org.jspecify.annotations.Nullable;

/**
 * Hears the messages of leaders as they come, and tells how far each had committed its log when it
 * sent them. That is not what a message has the follower commit, which is no more than what the
 * follower is sent.
 *
 * <p>A follower's answers say no more than that it has committed what is on its disk: Raft has it
 * tell how far it was to, also where it has yet to write that. What others know of it, it must not
 * have lost when it starts again, see {@link KnownCommits}.
 */
final class LeaderNews implements ServerInterceptor {
  private static final Logger LOG = System.getLogger(LeaderNews.class.getName());

  private final Function<RaftGroupId, @Nullable Observer> observers;

  /**
   * @param observers of the replicas here; null for a group of which there is none
   */
  LeaderNews(Function<RaftGroupId, @Nullable Observer> observers) {
    this.observers = observers;
  }

  @Override
  public <A, B> ServerCall.Listener<A> interceptCall(
      ServerCall<A, B> call, Metadata headers, ServerCallHandler<A, B> next) {
    return new SimpleForwardingServerCallListener<>(next.startCall(exact(call), headers)) {
      @Override
      public void onMessage(A message) {
        if (message instanceof AppendEntriesRequestProto request) {
          tryToHear(request);
        }
        super.onMessage(message);
      }
    };
  }

  private <A, B> ServerCall<A, B> exact(ServerCall<A, B> call) {
    return new SimpleForwardingServerCall<>(call) {
      @Override
      @SuppressWarnings("unchecked") // An answer in the place of one of its type.
      public void sendMessage(B message) {
        super.sendMessage(
            message instanceof AppendEntriesReplyProto reply ? (B) exact(reply) : message);
      }
    };
  }

  private AppendEntriesReplyProto exact(AppendEntriesReplyProto reply) {
    Observer observer =
        observers.apply(ProtoUtils.toRaftGroupId(reply.getServerReply().getRaftGroupId()));
    // While it begins or ends, it is not known; less does no harm.
    long committed = observer == null ? 0 : Math.max(0, observer.committed());
    return reply.getFollowerCommit() <= committed
        ? reply
        : reply.toBuilder().setFollowerCommit(committed).build();
  }

  /** It is Raft's all the same. */
  private void tryToHear(AppendEntriesRequestProto request) {
    try {
      hear(request);
    } catch (RuntimeException e) {
      LOG.log(Level.WARNING, "A leader was not heard.", e);
    }
  }

  private void hear(AppendEntriesRequestProto request) {
    Observer observer =
        observers.apply(ProtoUtils.toRaftGroupId(request.getServerRequest().getRaftGroupId()));
    if (observer != null) {
      long committed = request.getLeaderCommit();
      for (CommitInfoProto info : request.getCommitInfosList()) {
        committed = Math.max(committed, info.getCommitIndex());
      }
      observer.heard(request.getLeaderTerm(), committed);
    }
  }
}
