package org.kvstore.server.store;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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
 * <p>The dispatcher goes in rounds. A watch that is caught up comes exactly to where the newest
 * round ends, so that all such watches of one query are at the same place, and what they want of a
 * round is put together once: by the first that asks, while the others wait for it. A round is
 * published before its changes are offered, so a watch that is woken finds it, or a later one. What
 * was put together goes with the round.
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
  private static final long PERMIT_NANOS = 250_000_000;

  private final ChangeLog log;
  private final Limits limits;
  private final Lanes lanes;
  private final RecentChanges recent;
  private final Backlog backlog;
  private final Set<Watch> watches = ConcurrentHashMap.newKeySet();
  private final Semaphore places;
  private final Thread dispatcher;
  private volatile boolean closed;

  /** When watches were asked last whether they are permitted; the dispatcher's own. */
  private long permitsAskedAt = System.nanoTime();

  /** The newest round; the dispatcher's to replace. */
  private volatile Round round;

  /**
   * A round of the dispatcher.
   *
   * @param after it begins where the one before ended
   * @param upTo watches are offered the changes up to this revision
   * @param parts what was put together of it, by those who want it
   */
  private record Round(long after, long upTo, Map<Watch.Query, Part> parts) {
    Round(long after, long upTo) {
      this(after, upTo, new ConcurrentHashMap<>());
    }
  }

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
    backlog = new Backlog(log, recent);
    round = new Round(recent.newest(), recent.newest());
    places = new Semaphore(limits.watches());
    dispatcher = threads.newThread(this::run);
    dispatcher.start();
  }

  /** Opens a watch that is permitted for ever. */
  public Watch open(Watch.Query query, long after, WatchSink sink) {
    return open(query, after, sink, () -> {}, new Turn());
  }

  /**
   * Opens a watch. It delivers nothing until its sink has been said to be ready.
   *
   * @param after the newest revision that is known already
   * @param permit throws once it is not permitted any more; asked several times a second
   * @param turn shared with other watches that deliver to the same sink
   * @throws KeyValueException COMPACTED when what follows is given up, REQUEST_INVALID in the
   *     future, TOO_MANY_REQUESTS when too many are open
   */
  public Watch open(Watch.Query query, long after, WatchSink sink, Runnable permit, Turn turn) {
    log.changes(after, 1, 1);
    return openKnown(query, after, sink, permit, turn);
  }

  /**
   * The same, of what is known to be there still after the revision.
   *
   * @throws KeyValueException TOO_MANY_REQUESTS when too many are open
   */
  public Watch openKnown(
      Watch.Query query, long after, WatchSink sink, Runnable permit, Turn turn) {
    if (!places.tryAcquire()) {
      throw KeyValueException.of(ErrorCode.TOO_MANY_REQUESTS, "Too many watches are open.")
          .withLimit(limits.watches());
    }
    Watch watch = new Watch(this, query, after, sink, permit, turn);
    watches.add(watch);
    LockSupport.unpark(dispatcher);
    if (closed) {
      watch.end(stopping());
    }
    return watch;
  }

  /** Watches that are open. */
  public int count() {
    return watches.size();
  }

  /** Watches whose readers do not take what there is as fast as it comes. */
  public long slow() {
    return watches.stream().filter(Watch::isSlow).count();
  }

  /** Whether the dispatcher runs; without it no watch delivers anything. */
  public boolean isAlive() {
    return dispatcher.isAlive();
  }

  /** How many revisions the slowest watch is behind; one may be ahead of what is told so far. */
  public long lag() {
    long newest = recent.newest();
    return watches.stream().mapToLong(watch -> Math.max(0, newest - watch.after())).max().orElse(0);
  }

  @Override
  public void committed(List<Event> events) {
    recent.add(events);
    // A watch that is being opened wakes the dispatcher itself.
    if (!watches.isEmpty()) {
      LockSupport.unpark(dispatcher);
    }
  }

  /** Has watches look up what was committed up to a revision, as nobody tells of it. */
  public void heard(long revision) {
    long newest = recent.newest();
    if (revision > newest) {
      recent.skip(newest, revision);
    }
    wake();
  }

  /** Has watches that are behind try again, as more of the log can be read now. */
  public void wake() {
    LockSupport.unpark(dispatcher);
  }

  /** The newest revision that watches have been told of. */
  public long newest() {
    return recent.newest();
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

  /** Watches have been offered, or soon will be, the changes up to this revision. */
  long offered() {
    return round.upTo();
  }

  /** What follows a revision, or the beginning of it, up to what is offered. */
  Part part(Watch.Query query, long after, long bytes) {
    Round now = round;
    Part shared =
        after == now.after()
            ? now.parts().computeIfAbsent(query, of -> part(of, now, bytes))
            : null;
    return shared == null ? backlog.part(new Place(query, after), now.upTo(), bytes) : shared;
  }

  private @Nullable Part part(Watch.Query query, Round of, long bytes) {
    Changes changes = recent.between(of.after(), of.upTo(), Backlog.CHUNK, bytes);
    return changes == null ? null : Part.of(query, changes);
  }

  List<Optional<Entry>> before(List<Event> events, long bytes) {
    return log.before(events, bytes);
  }

  private void run() {
    while (!closed) {
      int woken = 0;
      try {
        woken = round();
      } catch (RuntimeException | Error e) {
        // Without it every watch would be silent for ever.
        LOG.log(Level.ERROR, "A round of the watch dispatcher failed.", e);
      }
      pause(woken);
    }
  }

  /** Offers the changes since the round before to every watch; returns how many want them. */
  int round() {
    long from = round.upTo();
    long newest = recent.newest();
    Changes changes = recent.after(from, Integer.MAX_VALUE, Long.MAX_VALUE);
    round = new Round(from, changes == null ? newest : changes.upTo());
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
    if (now - permitsAskedAt >= PERMIT_NANOS) {
      permitsAskedAt = now;
      watches.forEach(Watch::endUnlessPermitted);
    }
    lanes.blocked().accept(blocked);
    return woken;
  }

  private void pause(int woken) {
    long end = System.nanoTime();
    end += Math.min(LONGEST_PAUSE_MILLIS * 1_000_000, woken * PAUSE_NANOS_A_WATCH);
    while (!closed && System.nanoTime() < end) {
      LockSupport.parkNanos(end - System.nanoTime());
    }
    if (!closed && recent.newest() == offered()) {
      LockSupport.parkNanos(LOOK_NANOS);
      if (recent.newest() == offered()) {
        noticeUnheard();
      }
    }
  }

  /** A commit that was in doubt may turn out to have happened: nobody told of it. */
  private void noticeUnheard() {
    try {
      long revision = log.revision();
      long offered = offered();
      if (revision > offered) {
        recent.skip(offered, revision);
      }
    } catch (KeyValueException closedForNow) {
      LOG.log(Level.DEBUG, "The store cannot be read now.", closedForNow);
    }
  }

  static KeyValueException stopping() {
    return KeyValueException.of(ErrorCode.UNAVAILABLE, "The service is stopping.");
  }
}
