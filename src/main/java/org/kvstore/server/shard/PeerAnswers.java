package org.kvstore.server.shard;

import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.IntToLongFunction;
import org.jspecify.annotations.Nullable;
import org.kvstore.server.replication.raft.ReadAnswer;
import org.kvstore.server.replication.raft.ReadQuestion;
import org.kvstore.server.replication.raft.ReplicaReads;

/**
 * Answers nodes that have no replica of a shard, from the replicas that are read here, on a few
 * threads of its own. What would wait behind too many others is refused.
 */
final class PeerAnswers implements ReplicaReads, AutoCloseable {
  private static final int MOST_WAITING = 1_000;
  private static final int IDLE_SECONDS = 10;

  private final List<Shard> shards;
  private final IntToLongFunction age;
  private final ThreadPoolExecutor pool;

  /**
   * @param shards all of them, by number
   * @param age how old what is here of a shard may be: milliseconds, -1 when that is not known
   */
  PeerAnswers(List<Shard> shards, ThreadFactory threads, IntToLongFunction age) {
    this.shards = shards;
    this.age = age;
    int size = 2 * Runtime.getRuntime().availableProcessors();
    pool =
        new ThreadPoolExecutor(
            size,
            size,
            IDLE_SECONDS,
            TimeUnit.SECONDS,
            new ArrayBlockingQueue<>(MOST_WAITING),
            threads);
    pool.allowCoreThreadTimeOut(true);
  }

  @Override
  public @Nullable CompletionStage<ReadAnswer> answer(ReadQuestion question) {
    int shard = question.shard();
    return shard < 0 || shard >= shards.size()
        ? null
        : shards.get(shard).reads().answer(question, pool, () -> age.applyAsLong(shard));
  }

  @Override
  public void close() {
    pool.shutdown();
  }
}
