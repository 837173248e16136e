package org.kvstore.server.service;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Clock;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Event;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Limits;
import org.kvstore.server.replication.DiskSpace;
import org.kvstore.server.replication.Quota;
import org.kvstore.server.replication.Reclaimer;
import org.kvstore.server.shard.Shard;
import org.kvstore.server.shard.ShardOpener;
import org.kvstore.server.shard.Shards;
import org.kvstore.server.shard.Steps;
import org.kvstore.server.store.CommitListener;
import org.kvstore.server.store.DataDirectory;
import org.kvstore.server.store.StoreOptions;

/**
 * Everything that runs below the service, opened and closed as one: the data directory, the shards,
 * the held reads and what bounds the load. Plain Java; threads and time are passed in.
 */
public final class Engine implements AutoCloseable {
  private static final Logger LOG = System.getLogger(Engine.class.getName());
  private static final long TICK_MILLIS = 100;

  private final ServerConfig config;
  private final Threads threads;
  private final Clock clock;
  private final long openedAt;
  private final DataDirectory directory;
  private final List<CommitListener> listeners = new CopyOnWriteArrayList<>();
  private final DiskSpace disk;
  private final HeldReads heldReads;
  private final Lanes lanes;
  private final Shards shards;
  private final Apart apart;
  private final PoolDelay pool;
  private final PageTurns pages;
  private final LongAdder refusedForPool = new LongAdder();
  private final LongAdder refusedForPages = new LongAdder();
  private final LongAdder refusedForCommitter = new LongAdder();
  private final List<Future<?>> ticks;
  private volatile boolean stopping;
  private volatile boolean closed;

  private Engine(ServerConfig config, DataDirectory directory, Threads threads, Clock clock) {
    this.config = config;
    this.directory = directory;
    this.clock = clock;
    this.threads = threads;
    openedAt = clock.millis();
    Limits limits = config.limits();
    heldReads = new HeldReads(limits.heldRequests(), threads.answers(), threads.timer());
    lanes = new Lanes(threads.own());
    shards = openShards();
    Quota quota = new Quota(config.quotaBytes(), shards::usedBytes, shards::writtenBytes);
    quota.measure();
    disk = new DiskSpace(directory.path(), config.store().freeDiskFloor(), quota);
    apart = new Apart(limits, threads.own());
    pool = new PoolDelay(limits.queueDelay());
    pages =
        new PageTurns(
            threads.answers(),
            Runtime.getRuntime().availableProcessors(),
            limits.queueDelay(),
            System::nanoTime);
    startOrClose();
    ticks = start(new Reclaimer(shards::stores, quota, clock));
  }

  private Shards openShards() {
    Shard.Setup setup =
        new Shard.Setup(
            config.limits(),
            config.history(),
            heldReads,
            new Listener(),
            new JsonPatcher(config.limits()),
            threads.own(),
            lanes::lanes,
            threads.answers(),
            clock);
    ShardOpener opener = new ShardOpener(directory, config.store(), setup);
    return config
        .cluster()
        .map(
            cluster ->
                opener.replicated(
                    cluster.options(directory.logs(), config.store().keys()),
                    cluster.shards(),
                    threads.timer()))
        .orElseGet(opener::single);
  }

  /** What is open by then has native handles and threads. */
  private void startOrClose() {
    try {
      directory.initialised();
      shards.start(disk, clock);
    } catch (RuntimeException e) {
      Steps.runAll(List.of(shards::close, lanes::close, apart::shutdown));
      throw e;
    }
  }

  private List<Future<?>> start(Reclaimer reclaimer) {
    return List.of(
        every(shards::tick),
        every(shards::tidy),
        every(reclaimer::measure),
        every(reclaimer::run),
        pool.start(threads.timer()));
  }

  private Future<?> every(Runnable task) {
    return threads
        .timer()
        .scheduleWithFixedDelay(
            () -> attempt(task), TICK_MILLIS, TICK_MILLIS, TimeUnit.MILLISECONDS);
  }

  /** Tells those who listen: before anybody sees a change of what is permitted, it is in force. */
  private final class Listener implements CommitListener {
    @Override
    public void committed(List<Event> events) {
      listeners.forEach(listener -> listener.committed(events));
    }

    @Override
    public void recovering() {
      listeners.forEach(CommitListener::recovering);
    }

    @Override
    public void recovered() {
      listeners.forEach(CommitListener::recovered);
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
  private static void attempt(Runnable task) {
    try {
      task.run();
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
    shards.stop();
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
    Steps.runAll(
        List.of(
            () -> ticks.forEach(tick -> tick.cancel(false)),
            this::stop,
            lanes::close,
            shards::close,
            apart::shutdown,
            directory::close));
  }

  /** Whether the threads run without which nothing is ever answered. */
  public boolean isAlive() {
    return shards.isAlive() && (stopping || shards.isWatching());
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
    if (demand == Demand.WRITE && shards.refuses()) {
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
    return pool.isOverloaded() || pages.isOverloaded() || shards.isOverloaded();
  }

  /** How long requests wait for a thread: nanoseconds. */
  public long poolDelayNanos() {
    return pool.nanos();
  }

  /** Every bound. */
  public Limits limits() {
    return config.limits();
  }

  /** What the engine was opened with. */
  public ServerConfig config() {
    return config;
  }

  /** All shards. */
  public Shards shards() {
    return shards;
  }

  /**
   * Makes a page of many entries, a few at a time: in this thread, or later in another.
   *
   * @param upToDate when what is read is consistent enough
   * @throws KeyValueException TOO_MANY_REQUESTS when too many wait for their turns
   */
  <T> CompletionStage<T> page(CompletionStage<Void> upToDate, Supplier<T> page) {
    CompletableFuture<Void> before = upToDate.toCompletableFuture();
    return before.isDone()
        ? before.thenCompose(any -> pages.make(page))
        : before.thenComposeAsync(any -> pages.make(page), threads.answers());
  }

  /** Runs what may take as long as a client likes. */
  Apart apart() {
    return apart;
  }

  /** Makes threads that belong to one task. */
  public ThreadFactory threads() {
    return threads.own();
  }

  /** The directory that the data is in. */
  DataDirectory directory() {
    return directory;
  }

  /** Has somebody hear of every commit of the server's own entries from now on. */
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

  HeldReads heldReads() {
    return heldReads;
  }
}
