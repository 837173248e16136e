package org.kvstore.server.shard;

import java.time.Clock;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadFactory;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.kvstore.server.model.Command;
import org.kvstore.server.model.Consistency;
import org.kvstore.server.model.Event;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Limits;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.model.Retention;
import org.kvstore.server.model.Submission;
import org.kvstore.server.model.Submission.RequestName;
import org.kvstore.server.replication.Historian;
import org.kvstore.server.replication.LeaseCoordinator;
import org.kvstore.server.replication.LeaseShard;
import org.kvstore.server.replication.Reaper;
import org.kvstore.server.replication.Replicator;
import org.kvstore.server.replication.Revocations;
import org.kvstore.server.store.CommitListener;
import org.kvstore.server.store.Patcher;
import org.kvstore.server.store.Store;
import org.kvstore.server.store.StoreOptions;
import org.kvstore.server.store.WatchHub;

/**
 * One shard as this node has it: its store, its watches, the way of writes to it, and what time
 * brings. It is opened first and started afterwards, so that its watches are there before anything
 * is committed.
 */
public final class Shard implements AutoCloseable {
  private final int number;
  private final Setup setup;
  private final Store store;
  private final WatchHub watches;

  /** Set by {@link #start}. */
  private @Nullable Tasks tasks;

  private Shard(
      int number, StoreOptions options, boolean create, CommitListener first, Setup setup) {
    this.number = number;
    this.setup = setup;
    Listener listener = new Listener(first);
    store = Store.open(options, setup.limits(), create, new Store.Hooks(listener, setup.patcher()));
    watches = new WatchHub(store, setup.limits(), setup.threads(), setup.lanes().get());
    listener.watches = watches;
  }

  /**
   * What the shards of a node have in common.
   *
   * @param entries hears of every commit of clients' entries before the watches do; like the next,
   *     it must not block
   * @param system hears of every commit of the server's own
   * @param lanes what the watches of one shard deliver on
   * @param answers runs what waits for a replicator, never in the calling thread
   */
  public record Setup(
      Limits limits,
      Retention history,
      CommitListener entries,
      CommitListener system,
      Patcher patcher,
      ThreadFactory threads,
      Supplier<WatchHub.Lanes> lanes,
      Executor answers,
      Clock clock) {

    /** The same for each of several shards, which share what one would take of memory. */
    Setup sharedBy(int shards) {
      return new Setup(
          limits.sharedBy(shards),
          history,
          entries,
          system,
          patcher,
          threads,
          lanes,
          answers,
          clock);
    }
  }

  /** What runs once it is started. */
  private record Tasks(Replicator replicator, Reaper reaper, Historian historian) {}

  /** The watches are set before anything can be committed. */
  private static final class Listener implements CommitListener {
    private final CommitListener first;
    private @Nullable WatchHub watches;

    Listener(CommitListener first) {
      this.first = first;
    }

    @Override
    public void committed(List<Event> events) {
      first.committed(events);
      if (watches != null) {
        watches.committed(events);
      }
    }

    @Override
    public void recovering() {
      first.recovering();
    }

    @Override
    public void recovered() {
      first.recovered();
    }
  }

  /**
   * Opens the store of a shard; nothing is committed yet.
   *
   * @param number from 0
   * @param first hears of every commit before the watches do; it must not block
   * @throws KeyValueException UNAVAILABLE, naming the file that is wrong and what to do
   */
  static Shard open(
      int number, StoreOptions options, boolean create, CommitListener first, Setup setup) {
    return new Shard(number, options, create, first, setup);
  }

  /** Has it take writes from now on. */
  public void start(Replicator replicator) {
    tasks =
        new Tasks(
            replicator,
            new Reaper(store, replicator, setup.clock()),
            new Historian(store, replicator, setup.history(), setup.clock()));
  }

  private Tasks tasks() {
    if (tasks == null) {
      throw new IllegalStateException("The shard has not been started.");
    }
    return tasks;
  }

  /** Its number, from 0. */
  public int number() {
    return number;
  }

  /** Its store on this node: what has been applied here so far. */
  public Store store() {
    return store;
  }

  /** Its watches on this node. */
  public WatchHub watches() {
    return watches;
  }

  /** The way of writes. */
  public Replicator replicator() {
    return tasks().replicator();
  }

  /** As the coordinator of leases sees it. */
  LeaseShard ofLeases() {
    return LeaseShard.of(store, replicator());
  }

  /** What goes on with revocations of leases that are at home here. */
  Revocations revocations(LeaseCoordinator leases) {
    return new Revocations(store, replicator()::leads, leases, setup.clock());
  }

  /** Submits a command as of now; see {@link Replicator#submit}. */
  public CompletionStage<Outcome> submit(Command command, @Nullable RequestName name) {
    return submit(command, setup.clock().millis(), name);
  }

  /** The same as of a time: milliseconds since the epoch. */
  public CompletionStage<Outcome> submit(Command command, long now, @Nullable RequestName name) {
    return replicator().submit(new Submission(command, now, name));
  }

  /**
   * Reads from the store, once what is read there is as consistent as that: at once, in the calling
   * thread, when it is already.
   *
   * @return fails with what the read throws; UNAVAILABLE when nobody can say what is newest
   */
  public <T> CompletionStage<T> read(Consistency consistency, Function<Store, T> read) {
    return after(upToDate(consistency), () -> read.apply(store));
  }

  /** Completes when what is read from the store is as consistent as that. */
  CompletionStage<Void> upToDate(Consistency consistency) {
    return consistency == Consistency.LOCAL
        ? CompletableFuture.completedStage(null)
        : replicator().readBarrier();
  }

  /** Does something after a stage: at once if that is complete, else on the executor. */
  <T> CompletionStage<T> after(CompletionStage<Void> stage, Supplier<T> task) {
    CompletableFuture<Void> before = stage.toCompletableFuture();
    return before.isDone()
        ? before.thenApply(any -> task.get())
        : before.thenApplyAsync(any -> task.get(), setup.answers());
  }

  /** Proposes what is due, and gives up on what has waited too long; several times a second. */
  void tick() {
    tasks().reaper().run();
    replicator().sweep();
  }

  /** Gives up old history; several times a second, by one thread at a time. It may take long. */
  void tidy() {
    tasks().historian().run();
  }

  /** Whether the threads run without which nothing is ever answered. */
  boolean isAlive() {
    return replicator().isAlive() && watches.isAlive();
  }

  /** Takes no more writes, and answers those that it has taken. */
  void stop() {
    if (tasks != null) {
      tasks.replicator().close();
    }
  }

  /** Ends the watches, and closes the store, to which nothing is committed any more. */
  @Override
  public void close() {
    watches.close();
    store.close();
  }
}
