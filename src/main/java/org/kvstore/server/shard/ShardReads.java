package org.kvstore.server.shard;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Consistency;
import org.kvstore.server.model.Failures;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.replication.Replicator;
import org.kvstore.server.replication.raft.ReadAnswer;
import org.kvstore.server.replication.raft.ReadQuestion;
import org.kvstore.server.store.Read;

/**
 * Reads a shard wherever it is: from the replica here, once that shows what is asked for, or from
 * one of another node. Each read takes the replica once, and keeps to it; if that goes and is found
 * closed, the read begins again elsewhere. So no read fails as a replica comes or goes.
 *
 * <p>There is no lock: who reads holds what he reads.
 */
final class ShardReads {
  private final ReplicaPlace place;
  private final Supplier<Replicator> replicator;
  private final Executor answers;

  /**
   * @param replicator asked for each read, as it comes later than the shard
   * @param answers runs what waits for a replicator, never in the calling thread
   */
  ShardReads(ReplicaPlace place, Supplier<Replicator> replicator, Executor answers) {
    this.place = place;
    this.replicator = replicator;
    this.answers = answers;
  }

  /** As {@link Shard#read}. */
  <T> CompletionStage<T> read(Consistency consistency, Read<T> read) {
    Replica now = place.read();
    if (now == null) {
      return place.elsewhere().read(consistency, read);
    }
    return orElsewhere(now, after(barrier(consistency), () -> read.from(now.store())), read);
  }

  /** As {@link Shard#look}. */
  <T> CompletionStage<T> look(Read<T> read) {
    Replica now = place.read();
    if (now == null || isBehind(now)) {
      return read(Consistency.LINEARIZABLE, read);
    }
    CompletionStage<Void> ready = CompletableFuture.completedStage(null);
    return orElsewhere(now, after(ready, () -> read.from(now.store())), read);
  }

  /**
   * Reads the replica here as it is, or else waits for what another node says that is newest; for
   * threads that may wait.
   */
  <T> T now(Read<T> read) {
    Replica now = place.read();
    return now == null || isBehind(now)
        ? Waiting.join(read(Consistency.LINEARIZABLE, read))
        : from(now, read, () -> read(Consistency.LINEARIZABLE, read));
  }

  /**
   * Reads on as of a revision that was read before: from any replica that has it, as it does not
   * matter what is newest; for threads that may wait.
   */
  <T> T asOf(long revision, Read<T> read) {
    Replica now = place.read();
    return now == null || isBehind(now, revision)
        ? Waiting.join(place.elsewhere().readBeyond(revision, Duration.ZERO, read))
        : from(now, read, () -> place.elsewhere().readBeyond(revision, Duration.ZERO, read));
  }

  /** Reads a replica as it is, or what follows if it has gone. */
  private <T> T from(Replica here, Read<T> read, Supplier<CompletionStage<T>> otherwise) {
    try {
      return read.from(here.store());
    } catch (KeyValueException e) {
      if (!hasGone(here, e)) {
        throw e;
      }
    }
    return Waiting.join(otherwise.get());
  }

  /** As {@link Shard#follow}. */
  CompletionStage<Runnable> follow() {
    Elsewhere away = place.others();
    return away == null
        ? upToDate(Consistency.LINEARIZABLE).thenApply(any -> () -> {})
        : away.follow(() -> place.read() != null, () -> upToDate(Consistency.LINEARIZABLE));
  }

  /**
   * Completes when what is read here is as consistent as that, for who looks afterwards whether the
   * shard is here still: also when it is not, as another replica is asked then, which sees to it
   * itself.
   */
  CompletionStage<Void> upToDate(Consistency consistency) {
    CompletionStage<Void> barrier = barrier(consistency);
    return place.others() == null || consistency == Consistency.LOCAL
        ? barrier
        : barrier.exceptionallyCompose(
            failure ->
                place.read() == null
                    ? CompletableFuture.completedStage(null)
                    : CompletableFuture.failedStage(failure));
  }

  /**
   * Answers another node that has no replica; null when there is none here to read.
   *
   * @param pool reads; bounded
   * @param age how old what is here may be: milliseconds, -1 when that is not known
   */
  @Nullable CompletionStage<ReadAnswer> answer(
      ReadQuestion question, Executor pool, LongSupplier age) {
    Replica now = place.read();
    if (now == null) {
      return null;
    }
    CompletionStage<Void> ready =
        question.waitMillis() == 0 ? barrier(question.consistency()) : now.news(question, pool);
    return now.answer(question, ready, pool, age);
  }

  /** Completes when what is read from the replica here is as consistent as that. */
  private CompletionStage<Void> barrier(Consistency consistency) {
    return consistency == Consistency.LOCAL
        ? CompletableFuture.completedStage(null)
        : replicator.get().readBarrier();
  }

  /** Does something after a stage: at once if that is complete, else on the executor. */
  private <T> CompletionStage<T> after(CompletionStage<Void> stage, Supplier<T> task) {
    CompletableFuture<Void> before = stage.toCompletableFuture();
    return before.isDone()
        ? before.thenApply(any -> task.get())
        : before.thenApplyAsync(any -> task.get(), answers);
  }

  private <T> CompletionStage<T> orElsewhere(
      Replica from, CompletionStage<T> result, Read<T> read) {
    return place.others() == null
        ? result
        : result.exceptionallyCompose(
            failure ->
                hasGone(from, failure)
                    ? place.elsewhere().read(Consistency.LINEARIZABLE, read)
                    : CompletableFuture.failedStage(failure));
  }

  /** Whether a read failed as the replica that it read has gone. */
  private boolean hasGone(Replica from, Throwable failure) {
    Throwable cause = Failures.causeOf(failure);
    return place.read() != from
        && cause instanceof KeyValueException known
        && known.code() == ErrorCode.UNAVAILABLE;
  }

  /** Whether other nodes have told of more than a replica that has just come shows. */
  private boolean isBehind(Replica here) {
    return isBehind(here, place.toldRevision());
  }

  private boolean isBehind(Replica here, long revision) {
    if (place.others() == null) {
      return false;
    }
    try {
      return here.store().revision() < revision;
    } catch (KeyValueException closed) {
      return true;
    }
  }
}
