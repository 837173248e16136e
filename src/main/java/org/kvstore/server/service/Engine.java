package org.kvstore.server.service;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.crypto.EncryptionKeys;
import org.kvstore.server.model.Event;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Limits;
import org.kvstore.server.replication.DiskSpace;
import org.kvstore.server.replication.Historian;
import org.kvstore.server.replication.LocalReplicator;
import org.kvstore.server.replication.Quota;
import org.kvstore.server.replication.Reaper;
import org.kvstore.server.replication.Reclaimer;
import org.kvstore.server.store.CommitListener;
import org.kvstore.server.store.DataDirectory;
import org.kvstore.server.store.Store;
import org.kvstore.server.store.StoreOptions;
import org.kvstore.server.store.WatchHub;

/**
 * Everything that runs below the service, opened and closed as one: the data directory, the store,
 * its committer, the reaper, the watches and the held reads. Plain Java; threads and time are
 * passed in.
 */
public final class Engine implements AutoCloseable {
  private static final Logger LOG = System.getLogger(Engine.class.getName());
  private static final long TICK_MILLIS = 100;
  private static final int LANE_THREADS = 4;
  private static final int MOST_BLOCKED = 256;

  private final Limits limits;
  private final ThreadFactory threads;
  private final Clock clock;
  private final long openedAt;
  private final DataDirectory directory;
  private final Optional<Path> backupDirectory;
  private final SecurityConfig security;
  private final AuditConfig audit;
  private final FrontConfig front;
  private final List<CommitListener> listeners = new CopyOnWriteArrayList<>();
  private final EncryptionKeys keys;
  private final long backupRate;
  private final DiskSpace disk;
  private final HeldReads heldReads;
  private final Store store;
  private final List<ThreadPoolExecutor> lanes;
  private final Apart apart;
  private final WatchHub watches;
  private final LocalReplicator replicator;
  private final PoolDelay pool;
  private final PageTurns pages;
  private final LongAdder refusedForPool = new LongAdder();
  private final LongAdder refusedForPages = new LongAdder();
  private final LongAdder refusedForCommitter = new LongAdder();
  private final List<Future<?>> ticks;
  private volatile boolean stopping;
  private volatile boolean closed;

  private Engine(ServerConfig config, DataDirectory directory, Threads threads, Clock clock) {
    this.directory = directory;
    backupDirectory = config.backupDirectory();
    keys = config.store().keys();
    backupRate = config.backupRate();
    security = config.security();
    audit = config.audit();
    front = config.front();
    this.clock = clock;
    this.threads = threads.own();
    limits = config.limits();
    openedAt = clock.millis();
    heldReads = new HeldReads(limits.heldRequests(), threads.answers(), threads.timer());
    store =
        Store.open(
            config.store().in(directory.shard(0)),
            limits,
            directory.isNew(),
            new Store.Hooks(new Listener(), new JsonPatcher(limits)));
    directory.initialised();
    Quota quota = new Quota(config.quotaBytes(), store::usedBytes, store::writtenBytes);
    quota.measure();
    disk = new DiskSpace(directory.path(), config.store().freeDiskFloor(), quota);
    ThreadPoolExecutor quick = lane(threads.own());
    lanes = List.of(quick, lane(threads.own()));
    apart = new Apart(limits, threads.own());
    watches =
        new WatchHub(
            store,
            limits,
            threads.own(),
            new WatchHub.Lanes(quick, lanes.get(1), blocked -> compensate(quick, blocked)));
    replicator = new LocalReplicator(store, limits, disk, threads.own(), threads.answers());
    pool = new PoolDelay(limits.queueDelay());
    pages =
        new PageTurns(
            threads.answers(),
            Runtime.getRuntime().availableProcessors(),
            limits.queueDelay(),
            System::nanoTime);
    Reaper reaper = new Reaper(store, replicator, clock);
    Historian historian = new Historian(store, replicator, config.history(), clock);
    Reclaimer reclaimer = new Reclaimer(store, quota, clock);
    ticks =
        List.of(
            every(threads, () -> tick(reaper, replicator)),
            every(threads, historian::run),
            every(threads, reclaimer::measure),
            every(threads, reclaimer::run),
            pool.start(threads.timer()));
  }

  private static Future<?> every(Threads threads, Runnable task) {
    return threads
        .timer()
        .scheduleWithFixedDelay(task, TICK_MILLIS, TICK_MILLIS, TimeUnit.MILLISECONDS);
  }

  /** Threads that deliver to watches: their number does not grow with watches. */
  private static ThreadPoolExecutor lane(ThreadFactory threads) {
    ThreadPoolExecutor lane =
        new ThreadPoolExecutor(
            LANE_THREADS,
            LANE_THREADS + MOST_BLOCKED,
            10,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(),
            threads);
    lane.allowCoreThreadTimeOut(true);
    return lane;
  }

  /** As many threads more as wait for their readers; a socket's time-out ends the wait. */
  private static void compensate(ThreadPoolExecutor lane, int blocked) {
    int size = LANE_THREADS + Math.min(blocked, MOST_BLOCKED);
    if (lane.getCorePoolSize() != size) {
      lane.setCorePoolSize(size);
    }
  }

  /** Hears of something only once the engine is whole: the committer starts last. */
  private final class Listener implements CommitListener {
    @Override
    public void committed(List<Event> events) {
      // Before anybody sees a change of what is permitted, it is in force.
      listeners.forEach(listener -> listener.committed(events));
      watches.committed(events);
      heldReads.committed(events);
    }

    @Override
    public void recovering() {
      listeners.forEach(CommitListener::recovering);
    }

    @Override
    public void recovered() {
      listeners.forEach(CommitListener::recovered);
      heldReads.recovered();
    }
  }

  /**
   * What the engine runs on.
   *
   * @param own makes the threads that belong to one task: the committer, the dispatcher of watches
   *     and their lanes, the second thread of a batch
   * @param answers runs what waits for an outcome, never in the calling thread
   * @param timer runs the ticks and time-outs
   */
  public record Threads(ThreadFactory own, Executor answers, ScheduledExecutorService timer) {}

  /**
   * Opens the engine.
   *
   * @throws org.kvstore.server.model.KeyValueException UNAVAILABLE, naming the file that is wrong
   *     and what to do; nothing was overwritten
   */
  public static Engine open(ServerConfig config, Threads threads, Clock clock) {
    StoreOptions options = config.store();
    DataDirectory directory = DataDirectory.open(options.directory(), options.keys());
    try {
      return new Engine(config, directory, threads, clock);
    } catch (RuntimeException e) {
      directory.close();
      throw e;
    }
  }

  /** An exception would end the schedule, and with it expiry and time-outs. */
  private static void tick(Reaper reaper, LocalReplicator replicator) {
    try {
      reaper.run();
      replicator.sweep();
    } catch (RuntimeException e) {
      LOG.log(Level.ERROR, "A tick failed.", e);
    }
  }

  /**
   * The end is near, and connections are cut off soon: what would go on for as long as its client
   * likes ends by itself and in order. Everything else is answered until {@link #close}.
   */
  void stop() {
    stopping = true;
    heldReads.close();
    watches.close();
  }

  /** Whether it is closed, or just being. */
  boolean isClosed() {
    return closed;
  }

  /** Whether the end is near. */
  boolean isStopping() {
    return stopping;
  }

  /**
   * Answers every accepted write, then closes the files; the rest too when one of them fails. Once:
   * whoever calls it again waits until it is done.
   */
  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    List<Runnable> steps =
        List.of(
            () -> ticks.forEach(tick -> tick.cancel(false)),
            this::stop,
            () -> lanes.forEach(ThreadPoolExecutor::shutdown),
            replicator::close,
            apart::shutdown,
            store::close,
            directory::close);
    RuntimeException failure = null;
    for (Runnable step : steps) {
      try {
        step.run();
      } catch (RuntimeException e) {
        if (failure != null) {
          e.addSuppressed(failure);
        }
        failure = e;
      }
    }
    if (failure != null) {
      throw failure;
    }
  }

  /** Whether the threads run without which nothing is ever answered. */
  public boolean isAlive() {
    return replicator.isAlive() && (watches.isAlive() || stopping);
  }

  /**
   * Lets a request in, or not: more may come than can be answered. What is let in waits for about
   * {@link Limits#queueDelay} at the most; the others are told at once.
   *
   * @throws KeyValueException TOO_MANY_REQUESTS under overload
   */
  public void admit(Demand demand) {
    if (pool.refuses()) {
      throw refusal(refusedForPool);
    }
    if (demand == Demand.PAGE && pages.refuses()) {
      throw refusal(refusedForPages);
    }
    if (demand == Demand.WRITE && replicator.refuses()) {
      throw refusal(refusedForCommitter);
    }
  }

  private static KeyValueException refusal(LongAdder counter) {
    counter.increment();
    return KeyValueException.of(
        ErrorCode.TOO_MANY_REQUESTS, "More requests come than can be answered in time.");
  }

  /** Requests refused so far as they would have waited too long for a thread. */
  public long refusedForPool() {
    return refusedForPool.sum();
  }

  /** Requests refused so far as they would have waited too long for their page to be made. */
  public long refusedForPages() {
    return refusedForPages.sum();
  }

  /** Requests refused so far as they would have waited too long for the committer. */
  public long refusedForCommitter() {
    return refusedForCommitter.sum();
  }

  /** Whether requests are refused, as too many come. */
  public boolean isOverloaded() {
    return pool.isOverloaded() || pages.isOverloaded() || replicator.isOverloaded();
  }

  /** How long requests wait for a thread: nanoseconds. */
  public long poolDelayNanos() {
    return pool.nanos();
  }

  /** Every bound. */
  public Limits limits() {
    return limits;
  }

  /** The store, for reads. */
  public Store store() {
    return store;
  }

  /** Where pages of many entries are made. */
  PageTurns pages() {
    return pages;
  }

  /** The way of writes. */
  public LocalReplicator replicator() {
    return replicator;
  }

  /** Runs what may take as long as a client likes. */
  Apart apart() {
    return apart;
  }

  /** Makes threads that belong to one task. */
  public ThreadFactory threads() {
    return threads;
  }

  /** The directory that the data is in. */
  DataDirectory directory() {
    return directory;
  }

  /** What data and backups are encrypted with; none for data in clear. */
  EncryptionKeys keys() {
    return keys;
  }

  /** How fast a backup is sent, at the most: bytes a second. */
  long backupRate() {
    return backupRate;
  }

  /** Where copies are made that another server can be started on. */
  Optional<Path> backupDirectory() {
    return backupDirectory;
  }

  /** Whether clients have to say who they are. */
  public SecurityConfig security() {
    return security;
  }

  /** Whether and where it is written down who does what. */
  public AuditConfig audit() {
    return audit;
  }

  /** What the HTTP face allows. */
  public FrontConfig front() {
    return front;
  }

  /** Has somebody hear of every commit from now on, before it is acknowledged. */
  public void listen(CommitListener listener) {
    listeners.add(listener);
  }

  /** The disk that the data is on. */
  public DiskSpace disk() {
    return disk;
  }

  /** Identity of the store. */
  public String storeId() {
    return directory.storeId();
  }

  /** Time: enters a command once, when it is submitted. */
  public Clock clock() {
    return clock;
  }

  /** Time since opening: seconds. */
  public long uptimeSeconds() {
    return (clock.millis() - openedAt) / 1_000;
  }

  /** Requests that wait for a key to change. */
  public int held() {
    return heldReads.count();
  }

  /** All watches. */
  public WatchHub watches() {
    return watches;
  }

  HeldReads heldReads() {
    return heldReads;
  }
}
