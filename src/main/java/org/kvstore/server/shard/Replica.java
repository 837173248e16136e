package org.kvstore.server.shard;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Event;
import org.kvstore.server.model.Failures;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.replication.Historian;
import org.kvstore.server.replication.LeaseCoordinator;
import org.kvstore.server.replication.Reaper;
import org.kvstore.server.replication.Replicator;
import org.kvstore.server.replication.Revocations;
import org.kvstore.server.replication.raft.ReadAnswer;
import org.kvstore.server.replication.raft.ReadQuestion;
import org.kvstore.server.store.CommitListener;
import org.kvstore.server.store.Read;
import org.kvstore.server.store.ReadForm;
import org.kvstore.server.store.Store;
import org.kvstore.server.store.StoreOptions;

/**
 * A replica of a shard on this node: its store, what time brings to it, and what it answers to
 * nodes that have none. While it is not read, nobody is told of its commits.
 */
final class Replica implements CommitListener {
  private final CommitListener told;
  private final Store store;
  private final RevisionWaits waits = new RevisionWaits();
  private volatile boolean isRead;

  /** Set once it is started and read. */
  private volatile @Nullable Tasks tasks;

  /**
   * Opens its store.
   *
   * @param create whether it is new
   * @param told hears of commits while it is read
   */
  Replica(StoreOptions options, boolean create, Shard.Setup setup, CommitListener told) {
    this.told = told;
    store = Store.open(options, setup.limits(), create, new Store.Hooks(this, setup.patcher()));
  }

  /** What time brings. */
  private record Tasks(Reaper reaper, Historian historian, @Nullable Revocations revocations) {}

  Store store() {
    return store;
  }

  /** Has whoever listens be told of its commits, or no longer so. */
  void setRead(boolean read) {
    isRead = read;
  }

  /**
   * Has time bring to it what it does.
   *
   * @param leases go on with revocations; null where there is nothing to go on with
   */
  void start(Replicator replicator, Shard.Setup setup, @Nullable LeaseCoordinator leases) {
    tasks =
        new Tasks(
            new Reaper(store, replicator, setup.clock()),
            new Historian(store, replicator, setup.history(), setup.clock()),
            leases == null
                ? null
                : new Revocations(store, replicator::leads, leases, setup.clock()));
  }

  /** Proposes what is due; several times a second. */
  void tick() {
    Tasks now = tasks;
    if (now != null) {
      now.reaper().run();
      if (now.revocations() != null) {
        now.revocations().run();
      }
    }
  }

  /** Gives up old history. */
  void tidy() {
    Tasks now = tasks;
    if (now != null) {
      now.historian().run();
    }
  }

  @Override
  public void committed(List<Event> events) {
    if (isRead) {
      told.committed(events);
      waits.reached(events.get(events.size() - 1).revision());
    }
  }

  @Override
  public void recovering() {
    told.recovering();
  }

  @Override
  public void recovered() {
    told.recovered();
  }

  /**
   * Completes once there is a revision above the one of a question, or its time is over; it does
   * not fail.
   */
  CompletionStage<Void> news(ReadQuestion question, Executor pool) {
    CompletableFuture<Void> news = waits.above(question.atLeast(), question.waitMillis());
    // It may have been there before it was waited for.
    CompletableFuture.completedFuture(store)
        .thenApplyAsync(Store::revision, pool)
        .whenComplete(
            (revision, failure) -> {
              if (failure != null || revision != question.atLeast()) {
                news.complete(null);
              }
            });
    return news;
  }

  /**
   * Answers a question of another node.
   *
   * @param ready when it can be answered
   * @param pool reads; bounded
   * @param age how old what is here may be: milliseconds, -1 when that is not known
   * @return does not fail
   */
  CompletionStage<ReadAnswer> answer(
      ReadQuestion question, CompletionStage<Void> ready, Executor pool, LongSupplier age) {
    return ready
        .thenApplyAsync(any -> answer(question, age.getAsLong()), pool)
        .exceptionally(this::refusal);
  }

  private ReadAnswer answer(ReadQuestion question, long age) {
    long revision = store.revision();
    return revision < question.atLeast()
        ? new ReadAnswer(ReadAnswer.Kind.BEHIND, revision, age, new byte[0])
        : new ReadAnswer(ReadAnswer.Kind.READ, revision, age, form(question.read()));
  }

  private <T> byte[] form(Read<T> read) {
    return ReadForm.answer(read, read.from(store));
  }

  private ReadAnswer refusal(Throwable failure) {
    if (!isRead) {
      return ReadAnswer.NOT_HERE;
    }
    Throwable cause = Failures.causeOf(failure);
    if (cause instanceof RejectedExecutionException) {
      return ReadAnswer.BUSY;
    }
    KeyValueException told =
        cause instanceof KeyValueException known
            ? known
            : KeyValueException.of(ErrorCode.INTERNAL, "The read failed: " + cause);
    return new ReadAnswer(ReadAnswer.Kind.READ, 0, -1, ReadForm.failure(told));
  }
}
