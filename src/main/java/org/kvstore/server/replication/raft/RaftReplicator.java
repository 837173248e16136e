package org.kvstore.server.replication.raft;

import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.locks.LockSupport;
import org.apache.ratis.protocol.RaftGroupId;
import org.jspecify.annotations.Nullable;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Limits;
import org.kvstore.server.model.Submission;
import org.kvstore.server.replication.DiskSpace;
import org.kvstore.server.replication.Gathering;
import org.kvstore.server.replication.GroupCommitter;

/**
 * The replicator of a shard with several replicas. Each group goes to the leader, whichever node
 * that is, which makes one entry of the log of those that it has, see {@link Proposals}: it costs
 * one round to a majority, one fsync on each node, and one batch of the store.
 *
 * <p>One group is under way at a time, until it is known what became of it or it is given up: so
 * commands are applied in the order in which they were submitted, and one that was given up either
 * before the next ones or never, see {@link GroupSender}. Several groups at once were tried, and
 * were no faster: the groups become smaller.
 *
 * <p>While no leader is known, writes wait in the queue, and fail with UNAVAILABLE when their time
 * is over; when there has been none for some time, they fail at once.
 */
public final class RaftReplicator extends GroupCommitter {
  private static final long ELECTION_LOOK_NANOS = 5_000_000;

  private final Gathering gathering = new Gathering(2);
  private final Leadership leadership;
  private final GroupSender sender;
  private final ReadBarrier barrier;

  /**
   * @param answers runs what waits for outcomes; must not run it in the calling thread
   * @param timer for reads that are to try again
   */
  public RaftReplicator(
      RaftNode node,
      int shard,
      Limits limits,
      DiskSpace disk,
      ThreadFactory threads,
      Executor answers,
      ScheduledExecutorService timer) {
    super(() -> node.replicas().store(shard), limits, disk, threads, answers);
    RaftGroupId group = node.groups().id(shard);
    leadership = new Leadership(node.replicas(), node.view(), shard, group);
    sender =
        new GroupSender(
            node.proposals(), leadership, limits.writeWait().toNanos(), this::isClosing);
    ReadIndex index = new ReadIndex(group, node.replicas(), node.raft(), node.standings());
    barrier = new ReadBarrier(index, leadership, answers, timer);
    start();
  }

  @Override
  public CompletionStage<Void> readBarrier() {
    return barrier.pass();
  }

  @Override
  public boolean leads() {
    return leadership.isOwn();
  }

  @Override
  protected Committed commit(List<Submission> group) {
    long began = System.nanoTime();
    try {
      return new Committed(sender.send(group), true);
    } finally {
      gathering.committed(began);
    }
  }

  @Override
  protected long gatherNanos(int waiting, int before) {
    return waiting < before ? gathering.nanosLeft() : 0;
  }

  @Override
  protected boolean isReady() {
    return leadership.leader() != null;
  }

  @Override
  protected @Nullable KeyValueException refusal() {
    return leadership.isLost() ? unavailable(Leadership.NONE) : null;
  }

  /** Looks for a leader again, a moment later. */
  @Override
  protected void idle() {
    if (!isReady()) {
      LockSupport.parkNanos(ELECTION_LOOK_NANOS);
    }
  }

  private boolean isClosing() {
    return isClosed() && !isReady();
  }
}
