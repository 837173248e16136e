package org.kvstore.server.shard;

import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadFactory;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Command;
import org.kvstore.server.model.Consistency;
import org.kvstore.server.model.Event;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Lease;
import org.kvstore.server.model.Limits;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.model.Retention;
import org.kvstore.server.model.Submission;
import org.kvstore.server.model.Submission.RequestName;
import org.kvstore.server.replication.LeaseCoordinator;
import org.kvstore.server.replication.LeaseShard;
import org.kvstore.server.replication.Replicator;
import org.kvstore.server.replication.raft.ReadAnswer;
import org.kvstore.server.replication.raft.ReadQuestion;
import org.kvstore.server.replication.raft.RemoteReads;
import org.kvstore.server.store.CommitListener;
import org.kvstore.server.store.Patcher;
import org.kvstore.server.store.Read;
import org.kvstore.server.store.Replacement;
import org.kvstore.server.store.Store;
import org.kvstore.server.store.StoreOptions;
import org.kvstore.server.store.WatchHub;

/**
 * One shard as this node has it: its replica here, if there is one, its watches, the way of writes
 * to it, and what time brings. It is opened first and started afterwards, so that its watches are
 * there before anything is committed.
 *
 * <p>A shard is here or elsewhere. What is elsewhere is read at another node that has a replica.
 * That may change while it runs, see {@link #came} and {@link #goes}: who reads the replica here
 * when it goes, and finds it closed, reads elsewhere. The watches stay. They hear of the commits of
 * the replica here, or of what another says, see {@link ChangeFeed}; what is told by neither, as
 * one follows the other, they find in the log.
 *
 * <p>{@code replica} is what is read, and is replaced as a whole. The monitor makes changes of it,
 * and of what is open, follow one another.
 */
public final class Shard implements AutoCloseable {
  private final int number;
  private final StoreOptions options;
  private final CommitListener first;
  private final Setup setup;
  private final WatchHub watches;

  /** What is read here; null while the shard is elsewhere. */
  private volatile @Nullable Replica replica;

  /** Guarded by the monitor: a replica that is there and not read, as it comes or has gone. */
  private @Nullable Replica idle;

  /** Set by {@link #start}. */
  private volatile @Nullable Replicator replicator;

  /** Set by {@link #start}; null on a single server. */
  private volatile @Nullable Elsewhere elsewhere;

  /** Set once all shards are started; null where there is only one. */
  private volatile @Nullable LeaseCoordinator leases;

  private Shard(int number, StoreOptions options, CommitListener first, Setup setup, Begin begin) {
    this.number = number;
    this.options = options;
    this.first = first;
    this.setup = setup;
    if (begin == Begin.NEW || begin == Begin.OPEN) {
      Replica opened = open(begin == Begin.NEW);
      opened.setRead(true);
      replica = opened;
    } else if (begin == Begin.COMING) {
      // It may be blank still: its log, or a checkpoint, brings everything.
      idle = open(!Replacement.isDatabase(options.directory()));
    }
    watches =
        new WatchHub(new ShardLog(this), setup.limits(), setup.threads(), setup.lanes().get());
  }

  /** What is there of a shard when it is opened. */
  enum Begin {
    /** A replica that has nothing yet. */
    NEW,
    /** A replica. */
    OPEN,
    /** One that has not caught up, and is not read. */
    COMING,
    /** Nothing. */
    ELSEWHERE
  }

  private Replica open(boolean create) {
    return new Replica(options, create, setup, new Listener());
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

  /** Tells whoever listens of what is committed here. */
  private final class Listener implements CommitListener {
    @Override
    public void committed(List<Event> events) {
      first.committed(events);
      watches.committed(events);
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
   * Opens a shard; nothing is committed yet.
   *
   * @param number from 0
   * @param first hears of every commit before the watches do; it must not block
   * @throws KeyValueException UNAVAILABLE, naming the file that is wrong and what to do
   */
  static Shard open(
      int number, StoreOptions options, Begin begin, CommitListener first, Setup setup) {
    return new Shard(number, options, first, setup, begin);
  }

  /** Has it take writes from now on, and be always here. */
  void start(Replicator way) {
    replicator = way;
    startTasks();
  }

  /**
   * Has it take writes from now on.
   *
   * @param reads reads it while it is elsewhere
   */
  void start(Replicator way, RemoteReads reads) {
    elsewhere = new Elsewhere(number, reads, first, watches);
    start(way);
  }

  /** Has it go on with revocations of leases that are at home here. */
  void revoke(LeaseCoordinator of) {
    leases = of;
    startTasks();
  }

  private synchronized void startTasks() {
    Replica now = replica;
    if (now != null) {
      now.start(replicator(), setup, leases);
    }
  }

  /**
   * Opens a store for a replica that is to come: a new one, in place of whatever there may be.
   *
   * @throws KeyValueException UNAVAILABLE when it cannot be opened
   */
  synchronized Store openNew() {
    drop();
    Replica opened = open(true);
    idle = opened;
    return opened.store();
  }

  /**
   * The replica that is there is read from now on. Nothing happens when it is already. It waits
   * until the replica shows all that was acknowledged: so it does of what this node has read
   * elsewhere, and of what is still waiting to be read here.
   *
   * @throws KeyValueException UNAVAILABLE when nobody says what is newest; it is not read then
   */
  void came() {
    Waiting.join(replicator().readBarrier());
    isRead();
  }

  private synchronized void isRead() {
    Replica come = idle;
    if (come == null) {
      return;
    }
    idle = null;
    come.start(replicator(), setup, leases);
    come.setRead(true);
    replica = come;
    Elsewhere away = elsewhere;
    if (away != null) {
      away.came(come.store().revision());
    }
  }

  /** The replica that is there is not read any more. Nothing happens when it is not already. */
  synchronized void goes() {
    Replica going = replica;
    Elsewhere away = elsewhere;
    if (going == null || away == null) {
      return;
    }
    replica = null;
    idle = going;
    going.setRead(false);
    away.goes();
  }

  /** Closes the store that is not read any more, and deletes it. */
  synchronized void drop() {
    goes();
    Replica gone = idle;
    idle = null;
    if (gone != null) {
      gone.store().close();
    }
    Replacement.discard(options.directory());
  }

  /** Its number, from 0. */
  public int number() {
    return number;
  }

  /** Whether its replica here is read. */
  public boolean isHere() {
    return replica != null;
  }

  /** Its store on this node: what has been applied here so far; empty while it is elsewhere. */
  public Optional<Store> replica() {
    return Optional.ofNullable(storeRead());
  }

  /** The store of a shard that is always here. */
  public Store store() {
    Store store = storeRead();
    if (store == null) {
      throw new IllegalStateException("Shard " + number + " is elsewhere.");
    }
    return store;
  }

  @Nullable Store storeRead() {
    Replica now = replica;
    return now == null ? null : now.store();
  }

  /** The store that is open, be it read or not; null when there is none. */
  synchronized @Nullable Store storeOpen() {
    Replica now = replica == null ? idle : replica;
    return now == null ? null : now.store();
  }

  /** Who reads it while it is elsewhere; null on a single server. */
  @Nullable RemoteReads remote() {
    Elsewhere away = elsewhere;
    return away == null ? null : away.reads();
  }

  /** The newest revision that can be read here, or that was told of it elsewhere. */
  long revision() {
    Store store = storeRead();
    return store == null ? toldRevision() : store.revision();
  }

  /** The newest revision that other nodes have told of. */
  long toldRevision() {
    Elsewhere away = elsewhere;
    return away == null ? 0 : away.revision();
  }

  /** As {@link Elsewhere#news}; empty while it is here. */
  Optional<CompletionStage<Void>> newsOfRevision() {
    Elsewhere away = elsewhere;
    return isHere() || away == null ? Optional.empty() : away.news();
  }

  /** Its watches on this node. */
  public WatchHub watches() {
    return watches;
  }

  /** The way of writes. */
  public Replicator replicator() {
    Replicator way = replicator;
    if (way == null) {
      throw new IllegalStateException("The shard has not been started.");
    }
    return way;
  }

  private Elsewhere elsewhere() {
    Elsewhere away = elsewhere;
    if (away == null) {
      throw new IllegalStateException("Shard " + number + " has no other replica.");
    }
    return away;
  }

  /** As the coordinator of leases sees it. */
  LeaseShard ofLeases() {
    return new LeaseShard() {
      @Override
      public CompletionStage<Outcome> submit(Submission submission) {
        return replicator().submit(submission);
      }

      @Override
      public CompletionStage<Optional<Lease>> lease(long id) {
        return read(Consistency.LINEARIZABLE, new Read.LeaseOf(id));
      }

      @Override
      public CompletionStage<List<Key>> keys(long lease) {
        return read(Consistency.LINEARIZABLE, new Read.KeysOf(lease));
      }
    };
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
   * Reads the shard, wherever it is: here once what is read is as consistent as that, and at once,
   * in the calling thread, when it is already.
   *
   * @return fails with what the read throws; UNAVAILABLE when nobody can say what is newest, or
   *     nobody who has it answers
   */
  public <T> CompletionStage<T> read(Consistency consistency, Read<T> read) {
    Replica now = replica;
    if (now == null) {
      return elsewhere().read(consistency, read);
    }
    CompletionStage<T> result = after(barrier(consistency), () -> read.from(now.store()));
    return elsewhere == null ? result : orElsewhere(now, result, read);
  }

  /** Begins a read that takes its turn. */
  public <T> ShardRead<T> begin(Consistency consistency, Read<T> read) {
    return new ShardRead<>(this, consistency, read);
  }

  /** Reads what whoever listens here has been told of, or more. */
  public <T> CompletionStage<T> look(Read<T> read) {
    Replica now = replica;
    if (now == null || isBehind(now)) {
      return read(Consistency.LINEARIZABLE, read);
    }
    CompletionStage<T> result =
        after(CompletableFuture.completedStage(null), () -> read.from(now.store()));
    return elsewhere == null ? result : orElsewhere(now, result, read);
  }

  /** Whether other nodes have told of more than a replica that has just come shows. */
  private boolean isBehind(Replica here) {
    if (elsewhere == null) {
      return false;
    }
    try {
      return here.store().revision() < toldRevision();
    } catch (KeyValueException closed) {
      return true;
    }
  }

  private <T> CompletionStage<T> orElsewhere(
      Replica from, CompletionStage<T> result, Read<T> read) {
    return result.exceptionallyCompose(
        failure ->
            hasGone(from, failure)
                ? elsewhere().read(Consistency.LINEARIZABLE, read)
                : CompletableFuture.failedStage(failure));
  }

  /**
   * Reads the replica here as it is, or else waits for what another node says that is newest; for
   * threads that may wait.
   */
  <T> T readNow(Read<T> read) {
    Replica now = replica;
    if (now != null && !isBehind(now)) {
      try {
        return read.from(now.store());
      } catch (KeyValueException e) {
        if (!hasGone(now, e)) {
          throw e;
        }
      }
    }
    return Waiting.join(read(Consistency.LINEARIZABLE, read));
  }

  /** Whether a read failed as the replica that it read has gone. */
  private boolean hasGone(Replica from, Throwable failure) {
    Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
    return replica != from
        && cause instanceof KeyValueException known
        && known.code() == ErrorCode.UNAVAILABLE;
  }

  /**
   * Answers another node that has no replica; null when there is none here to read.
   *
   * @param pool reads; bounded
   * @param age how old what is here may be: milliseconds, -1 when that is not known
   */
  @Nullable CompletionStage<ReadAnswer> answer(
      ReadQuestion question, Executor pool, LongSupplier age) {
    Replica now = replica;
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
        : replicator().readBarrier();
  }

  /**
   * The same for who looks afterwards whether the shard is here still: it completes when it is not,
   * as another replica is asked then, which sees to it itself.
   */
  CompletionStage<Void> upToDate(Consistency consistency) {
    CompletionStage<Void> barrier = barrier(consistency);
    return elsewhere == null || consistency == Consistency.LOCAL
        ? barrier
        : barrier.exceptionallyCompose(
            failure ->
                isHere()
                    ? CompletableFuture.failedStage(failure)
                    : CompletableFuture.completedStage(null));
  }

  /**
   * Has whoever listens here be told of each commit from now on, wherever the shard is, until the
   * result is run. When it completes, everything acknowledged before the call can be read by {@link
   * #look}.
   */
  public CompletionStage<Runnable> follow() {
    Elsewhere away = elsewhere;
    return away == null
        ? upToDate(Consistency.LINEARIZABLE).thenApply(any -> () -> {})
        : away.follow(this::isHere, () -> upToDate(Consistency.LINEARIZABLE));
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
    Replica now = replica;
    if (now != null) {
      now.tick();
    }
    replicator().sweep();
  }

  /** Gives up old history; several times a second, by one thread at a time. It may take long. */
  void tidy() {
    Replica now = replica;
    if (now != null) {
      now.tidy();
    }
  }

  /** Takes no more writes, and answers those that it has taken. */
  void stop() {
    Replicator way = replicator;
    if (way != null) {
      way.close();
    }
  }

  /** Ends the watches, and closes the store, to which nothing is committed any more. */
  @Override
  public synchronized void close() {
    watches.close();
    Elsewhere away = elsewhere;
    if (away != null) {
      away.end();
    }
    Store open = storeOpen();
    if (open != null) {
      open.close();
    }
  }
}
