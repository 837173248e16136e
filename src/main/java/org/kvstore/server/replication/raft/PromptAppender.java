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
 *
 * <p>And it sends again what the follower has not answered, when its connection was lost meanwhile.
 * Ratis 3.3 goes on behind that, and learns with the answer to the next entry that the follower has
 * it; but there is no next one as long as all writers wait for the one before: the leader, which
 * hears of its followers, led for good and committed nothing.
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

  /** What was sent since all that was sent before had been answered; -1 for nothing. */
  private long sentFrom = -1;

  private long sentTo = -1;

  /** Since when nothing is on its way though not all was answered: {@link System#nanoTime}. */
  private long lostAt;

  private boolean isLost;

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
    } else if (request != null) {
      isSent(
          request.getEntries(0).getIndex(),
          request.getEntries(request.getEntriesCount() - 1).getIndex());
    }
    return request;
  }

  private void isSent(long from, long to) {
    boolean isFirst = sentTo <= getFollower().getMatchIndex();
    sentFrom = isFirst ? from : Math.min(sentFrom, from);
    sentTo = Math.max(sentTo, to);
  }

  /** Called before each wait. */
  @Override
  public long getWaitTimeMs() {
    if (goesBack()) {
      return 0;
    }
    long wait = super.getWaitTimeMs();
    return isToBeTold() ? Math.min(wait, Math.max(millisToNews(), LOOK_MILLIS)) : wait;
  }

  /**
   * Only once the follower answers again: to one that is down there is nothing to send. And only
   * for what is not committed: else the next entry tells soon enough.
   */
  private boolean goesBack() {
    FollowerInfo follower = getFollower();
    long known = Math.max(follower.getMatchIndex(), getRaftLog().getLastCommittedIndex());
    boolean wasLost = isLost;
    isLost = sentTo > known && !hasPendingDataRequests();
    if (!isLost) {
      return false;
    }
    long now = System.nanoTime();
    if (!wasLost) {
      lostAt = now;
    }
    long from = Math.max(sentFrom, known + 1);
    long silent = follower.getLastRpcResponseTime().elapsedTimeMs();
    if (silent >= TimeUnit.NANOSECONDS.toMillis(now - lostAt) || follower.getNextIndex() <= from) {
      return false;
    }
    follower.decreaseNextIndex(from);
    sentTo = -1;
    isLost = false;
    return true;
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
