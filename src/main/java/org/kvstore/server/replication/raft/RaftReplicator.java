package org.kvstore.server.replication.raft;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Histogram;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Limits;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.model.Submission;
import org.kvstore.server.replication.Replicator;

/**
 * The replicator of a shard with several replicas. One thread takes all submissions that wait and
 * sends them as one group, which is one entry of the log: it costs one round to a majority, one
 * fsync on each node, and one batch of the store. A few groups are under way at once; under load
 * they grow.
 */
public final class RaftReplicator implements Replicator {
  private static final int GROUP = 512;
  private static final long GROUP_BYTES = 4 << 20;
  private static final int UNDER_WAY = 4;

  private final GroupSender sender;
  private final ReadBarrier barrier;
  private final BlockingQueue<Pending> waiting;
  private final Semaphore places = new Semaphore(UNDER_WAY);
  private final Thread committer;
  private final Histogram commits = Histogram.ofDurations();
  private final Histogram groupSizes = Histogram.ofDurations();
  private volatile boolean closed;

  private record Pending(Submission submission, CompletableFuture<Outcome> result) {}

  public RaftReplicator(
      RaftNode node,
      int shard,
      Limits limits,
      ThreadFactory threads,
      ScheduledExecutorService timer) {
    sender = new GroupSender(node, node.group(shard), timer, limits.writeWait().toNanos());
    barrier = new ReadBarrier(node.server(), node.group(shard).getGroupId());
    waiting = new ArrayBlockingQueue<>(limits.pendingWrites());
    committer = threads.newThread(this::run);
    committer.start();
  }

  @Override
  public CompletionStage<Outcome> submit(Submission submission) {
    Pending pending = new Pending(submission, new CompletableFuture<>());
    if (closed || !waiting.offer(pending)) {
      pending.result.completeExceptionally(
          KeyValueException.of(ErrorCode.UNAVAILABLE, "Too many writes wait."));
    }
    return pending.result;
  }

  @Override
  public CompletionStage<Void> readBarrier() {
    return barrier.pass();
  }

  @Override
  public boolean leads() {
    return false;
  }

  @Override
  public void sweep() {}

  @Override
  public boolean isAlive() {
    return committer.isAlive();
  }

  @Override
  public boolean isOverloaded() {
    return false;
  }

  @Override
  public boolean refuses() {
    return false;
  }

  @Override
  public int queueDepth() {
    return waiting.size();
  }

  @Override
  public long queueBytes() {
    return 0;
  }

  @Override
  public Histogram commits() {
    return commits;
  }

  @Override
  public Histogram groupSizes() {
    return groupSizes;
  }

  private void run() {
    try {
      while (!closed || !waiting.isEmpty()) {
        Pending first = waiting.poll(200, TimeUnit.MILLISECONDS);
        if (first != null) {
          places.acquire();
          send(group(first));
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private List<Pending> group(Pending first) {
    List<Pending> group = new ArrayList<>();
    long bytes = 0;
    for (Pending next = first; next != null; ) {
      group.add(next);
      bytes += next.submission.command().weight();
      next = group.size() < GROUP && bytes < GROUP_BYTES ? waiting.poll() : null;
    }
    return group;
  }

  private void send(List<Pending> group) {
    sender
        .send(group.stream().map(Pending::submission).toList())
        .whenComplete(
            (outcomes, failure) -> {
              places.release();
              for (int i = 0; i < group.size(); i++) {
                if (failure == null) {
                  group.get(i).result.complete(outcomes.get(i));
                } else {
                  group.get(i).result.completeExceptionally(failure);
                }
              }
            });
  }

  @Override
  public void close() {
    closed = true;
    try {
      committer.join(30_000);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
