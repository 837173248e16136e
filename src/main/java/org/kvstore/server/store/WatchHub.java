package org.kvstore.server.store;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.Event;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Limits;

/**
 * All watches of a shard. A commit leaves its events in memory and wakes one thread, the
 * dispatcher, which finds the watches that want them; each of those then delivers on the executor.
 * Threads do not grow with watches.
 *
 * <p>The more watches a round wakes, the longer the dispatcher pauses after it, up to {@value
 * #LONGEST_PAUSE_MILLIS} ms: under load each delivery carries more events, instead of there being
 * more deliveries.
 */
public final class WatchHub implements CommitListener, AutoCloseable {
  private static final Logger LOG = System.getLogger(WatchHub.class.getName());
  private static final long LONGEST_PAUSE_MILLIS = 50;
  private static final long PAUSE_NANOS_A_WATCH = 50_000;
  private static final long LOOK_NANOS = 500_000_000;

  private final ChangeLog log;
  private final Limits limits;
  private final Lanes lanes;
  private final RecentChanges recent;
  private final Set<Watch> watches = ConcurrentHashMap.newKeySet();
  private final Semaphore places;
  private final Thread dispatcher;
  private volatile boolean closed;

  /** The dispatcher's own: watches have been offered the changes up to this revision. */
  private long dispatched;

  /**
   * What deliveries run on. A sink should never block, but that of a runtime may (decision 12): so
   * readers that were slow are kept apart from those that were not.
   *
   * @param quick for watches whose readers keep up
   * @param slow for the others
   * @param blocked hears how many threads of the quick lane wait for readers right now, so that it
   *     can have as many more
   */
  public record Lanes(Executor quick, Executor slow, IntConsumer blocked) {}

  /**
   * Starts the dispatcher. No commit may happen before it hears of them.
   *
   * @param lanes deliver; must not do it in the calling thread
   */
  public WatchHub(ChangeLog log, Limits limits, ThreadFactory threads, Lanes lanes) {
    this.log = log;
    this.limits = limits;
    this.lanes = lanes;
    recent = new RecentChanges(limits.recentBytes(), log.revision());
    dispatched = recent.newest();
    places = new Semaphore(limits.watches());
    dispatcher = threads.newThread(this::run);
    dispatcher.start();
  }

  /**
   * Opens a watch. It delivers nothing until its sink has been said to be ready.
   *
   * @param after the newest revision that is known already
   * @throws KeyValueException COMPACTED when what follows is given up, REQUEST_INVALID in the
   *     future, TOO_MANY_REQUESTS when too many are open
   */
  public Watch open(Watch.Query query, long after, WatchSink sink) {
    log.changes(after, 1, 1);
    if (!places.tryAcquire()) {
      throw KeyValueException.of(ErrorCode.TOO_MANY_REQUESTS, "Too many watches are open.")
          .withLimit(limits.watches());
    }
    Watch watch = new Watch(this, query, after, sink);
    watches.add(watch);
    if (closed) {
      watch.end(stopping());
    }
    return watch;
  }

  /** Watches that are open. */
  public int count() {
    return watches.size();
  }

  /** How many revisions the slowest watch is behind; one may be ahead of what is told so far. */
  public long lag() {
    long newest = recent.newest();
    return watches.stream().mapToLong(watch -> Math.max(0, newest - watch.after())).max().orElse(0);
  }

  @Override
  public void committed(List<Event> events) {
    recent.add(events);
    LockSupport.unpark(dispatcher);
  }

  @Override
  public void close() {
    closed = true;
    LockSupport.unpark(dispatcher);
    watches.forEach(watch -> watch.end(stopping()));
  }

  void forget(Watch watch) {
    if (watches.remove(watch)) {
      places.release();
    }
  }

  /** Runs a task on a lane; false when that takes no more, as the service is stopping. */
  boolean execute(Runnable task, boolean slow) {
    try {
      (slow ? lanes.slow() : lanes.quick()).execute(task);
      return true;
    } catch (RejectedExecutionException e) {
      LOG.log(Level.DEBUG, "The service is stopping: a watch delivers no more.", e);
      return false;
    }
  }

  /** How long a watch waits for a log that cannot be read: it must not be silent for longer. */
  long patienceNanos() {
    return limits.progressInterval().toNanos();
  }

  long newest() {
    return recent.newest();
  }

  /** What follows a revision: from memory if it is there, else from the change log. */
  Changes changes(long after, int events, long bytes) {
    Changes caughtUp = recent.after(after, events, bytes);
    return caughtUp == null ? log.changes(after, events, bytes) : caughtUp;
  }

  @Nullable Entry before(Event event) {
    return log.before(event);
  }

  private void run() {
    while (!closed) {
      int woken = 0;
      try {
        woken = round();
      } catch (RuntimeException e) {
        LOG.log(Level.ERROR, "A round of the watch dispatcher failed.", e);
      }
      pause(woken);
    }
  }

  /** Offers the changes since the round before to every watch; returns how many want them. */
  private int round() {
    long from = dispatched;
    long newest = recent.newest();
    Changes changes = recent.after(from, Integer.MAX_VALUE, Long.MAX_VALUE);
    long now = System.nanoTime();
    int woken = 0;
    int blocked = 0;
    for (Watch watch : watches) {
      blocked += watch.isBlockedAt(now) ? 1 : 0;
      if (changes == null) {
        // More was committed in one round than memory holds: let each see for itself.
        watch.wakeUnlessBlocked();
        woken++;
      } else if (watch.offer(from, changes)) {
        woken++;
      }
      watch.progressAfter(limits.progressInterval().toNanos(), now);
    }
    lanes.blocked().accept(blocked);
    dispatched = changes == null ? newest : changes.upTo();
    return woken;
  }

  private void pause(int woken) {
    long end = System.nanoTime();
    end += Math.min(LONGEST_PAUSE_MILLIS * 1_000_000, woken * PAUSE_NANOS_A_WATCH);
    while (!closed && System.nanoTime() < end) {
      LockSupport.parkNanos(end - System.nanoTime());
    }
    if (!closed && recent.newest() == dispatched) {
      LockSupport.parkNanos(LOOK_NANOS);
      if (recent.newest() == dispatched) {
        noticeUnheard();
      }
    }
  }

  /** A commit that was in doubt may turn out to have happened: nobody told of it. */
  private void noticeUnheard() {
    try {
      long revision = log.revision();
      if (revision > dispatched) {
        recent.skip(dispatched, revision);
      }
    } catch (KeyValueException closedForNow) {
      LOG.log(Level.DEBUG, "The store cannot be read now.", closedForNow);
    }
  }

  static KeyValueException stopping() {
    return KeyValueException.of(ErrorCode.UNAVAILABLE, "The service is stopping.");
  }
}
