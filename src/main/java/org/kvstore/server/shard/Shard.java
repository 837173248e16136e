package org.kvstore.server.shard;

import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadFactory;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
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
import org.kvstore.server.replication.raft.RemoteReads;
import org.kvstore.server.store.CommitListener;
import org.kvstore.server.store.Patcher;
import org.kvstore.server.store.Read;
import org.kvstore.server.store.Store;
import org.kvstore.server.store.StoreOptions;
import org.kvstore.server.store.WatchHub;

/**
 * One shard as this node has it: the replica that it may have here, its reads, its watches, the way
 * of writes to it, and what time brings. It is opened first and started afterwards, so that its
 * watches are there before anything is committed.
 *
 * <p>A shard is here or elsewhere, see {@link ReplicaPlace}, and that may change while it runs. The
 * watches stay: they hear of the commits of the replica here, or of what another says, see {@link
 * ChangeFeed}; what is told by neither, as one follows the other, they find in the log.
 *
 * <p>What is set once, at the start, is volatile; all that changes is in the place, and guarded
 * there.
 */
public final class Shard implements AutoCloseable {
  private final int number;
  private final Setup setup;
  private final ReplicaPlace place;
  private final ShardReads reads;
  private final WatchHub watches;

  /** Hears of commits before the watches do. */
  private final CommitListener first;

  /** Set by {@link #start}. */
  private volatile @Nullable Replicator replicator;

  /** Set once all shards are started; null where there is only one. */
  private volatile @Nullable LeaseCoordinator leases;

  private Shard(int number, StoreOptions options, CommitListener first, Setup setup, Begin begin) {
    this.number = number;
    this.first = first;
    this.setup = setup;
    place = new ReplicaPlace(options.directory(), begin, new Replicas(options));
    reads = new ShardReads(place, this::replicator, setup.answers());
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

  /** Its replicas here, one after the other. */
  private final class Replicas implements ReplicaPlace.Keeper {
    private final StoreOptions options;

    Replicas(StoreOptions options) {
      this.options = options;
    }

    @Override
    public Replica open(boolean create) {
      return new Replica(options, create, setup, new Listener());
    }

    @Override
    public void start(Replica replica) {
      replica.start(replicator(), setup, leases);
    }
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
    place.startTasks();
  }

  /**
   * Has it take writes from now on.
   *
   * @param remote reads it while it is elsewhere
   */
  void start(Replicator way, RemoteReads remote) {
    place.connect(new Elsewhere(number, remote, first, watches));
    start(way);
  }

  /** Has it go on with revocations of leases that are at home here. */
  void revoke(LeaseCoordinator of) {
    leases = of;
    place.startTasks();
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
    place.came();
  }

  /** Its number, from 0. */
  public int number() {
    return number;
  }

  /** Its replica here, as that comes and goes. */
  ReplicaPlace place() {
    return place;
  }

  /** Its reads, with those that only shards have to do with. */
  ShardReads reads() {
    return reads;
  }

  /** Whether its replica here is read. */
  public boolean isHere() {
    return place.read() != null;
  }

  /** Its store on this node: what has been applied here so far; empty while it is elsewhere. */
  public Optional<Store> replica() {
    return Optional.ofNullable(place.storeRead());
  }

  /** The store of a shard that is always here. */
  public Store store() {
    return replica()
        .orElseThrow(() -> new IllegalStateException("Shard " + number + " is elsewhere."));
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
    return reads.read(consistency, read);
  }

  /** Begins a read that takes its turn. */
  public <T> ShardRead<T> begin(Consistency consistency, Read<T> read) {
    return new ShardRead<>(this, consistency, read);
  }

  /** Reads what whoever listens here has been told of, or more. */
  public <T> CompletionStage<T> look(Read<T> read) {
    return reads.look(read);
  }

  /**
   * Has whoever listens here be told of each commit from now on, wherever the shard is, until the
   * result is run. When it completes, everything acknowledged before the call can be read by {@link
   * #look}.
   */
  public CompletionStage<Runnable> follow() {
    return reads.follow();
  }

  /** Proposes what is due, and gives up on what has waited too long; several times a second. */
  void tick() {
    Replica now = place.read();
    if (now != null) {
      now.tick();
    }
    replicator().sweep();
  }

  /** Gives up old history; several times a second, by one thread at a time. It may take long. */
  void tidy() {
    Replica now = place.read();
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
  public void close() {
    watches.close();
    place.close();
  }
}
