package org.kvstore.server.replication.raft;

import java.util.concurrent.TimeUnit;
import org.apache.ratis.conf.Parameters;
import org.apache.ratis.grpc.GrpcFactory;
import org.apache.ratis.grpc.server.GrpcLogAppender;
import org.apache.ratis.proto.RaftProtos.AppendEntriesRequestProto;
import org.apache.ratis.rpc.RpcFactory;
import org.apache.ratis.rpc.RpcType;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.leader.FollowerInfo;
import org.apache.ratis.server.leader.LeaderState;
import org.apache.ratis.server.leader.LogAppender;
import org.apache.ratis.server.raftlog.RaftLogIOException;
import org.jspecify.annotations.Nullable;

/**
 * Sends a follower the leader's entries, and soon how far they are committed. A follower applies
 * what it knows to be committed, and Ratis tells it with the next entry or heartbeat: watches and
 * local reads there would be most of a second late when no other write follows.
 *
 * <p>So it is told at once, unless it was less than {@link #NEWS_MILLIS} ago: where entries come
 * often they carry the news, and no more than ten messages a second are added.
 */
final class PromptAppender extends GrpcLogAppender {
  /** The shortest time between messages that only say what is committed. */
  static final long NEWS_MILLIS = 100;

  /** How soon it looks again when entries are on their way, whose reply is to come first. */
  private static final long LOOK_MILLIS = 5;

  /** Longer than between two heartbeats: one that has said nothing for so long is not told. */
  private static final long SILENT_MILLIS = 1_000;

  /** {@link System#nanoTime}; written by the appender's thread. */
  private volatile long newsAt = System.nanoTime() - TimeUnit.MILLISECONDS.toNanos(NEWS_MILLIS);

  private PromptAppender(RaftServer.Division server, LeaderState leader, FollowerInfo follower) {
    super(server, leader, follower);
  }

  @Override
  public @Nullable AppendEntriesRequestProto newAppendEntriesRequest(long callId, boolean heartbeat)
      throws RaftLogIOException {
    if (heartbeat && getHeartbeatWaitTimeMs() > 0 && millisToNews() > 0) {
      // As often as it would be without being woken for news.
      return null;
    }
    AppendEntriesRequestProto request = super.newAppendEntriesRequest(callId, heartbeat);
    if (request == null && isToBeTold() && millisToNews() <= 0 && !hasPendingDataRequests()) {
      request = super.newAppendEntriesRequest(callId, true);
    }
    if (request != null && request.getEntriesCount() == 0) {
      newsAt = System.nanoTime();
    }
    return request;
  }

  @Override
  public long getWaitTimeMs() {
    long wait = super.getWaitTimeMs();
    return isToBeTold() ? Math.min(wait, Math.max(millisToNews(), LOOK_MILLIS)) : wait;
  }

  private boolean isToBeTold() {
    return getRaftLog().getLastCommittedIndex() > getFollower().getCommitIndex()
        && getFollower().getLastRpcResponseTime().elapsedTimeMs() < SILENT_MILLIS;
  }

  private long millisToNews() {
    return NEWS_MILLIS - TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - newsAt);
  }

  /** Ratis's transport with these appenders; Ratis makes it by its name. */
  public static final class Transport implements RpcType {
    @Override
    public String name() {
      return Transport.class.getName();
    }

    @Override
    public RpcFactory newFactory(Parameters parameters) {
      return new GrpcFactory(parameters) {
        @Override
        public LogAppender newLogAppender(
            RaftServer.Division server, LeaderState leader, FollowerInfo follower) {
          return new PromptAppender(server, leader, follower);
        }
      };
    }
  }
}
