package org.kvstore.server.store;

import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.Event;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.KeyValueException;

/**
 * The view that readers see, and the one owner of the lock that guards it.
 *
 * <p>{@code lock} guards {@code published}, the cache of its entries, and with it the life of the
 * database handle: whoever holds the read lock and found a view may use its database. The write
 * lock is held only to swap the view, for microseconds, and nothing blocks under it. It is fair, or
 * many readers would keep a commit waiting: src/docs/decisions/0003-view-lock.md.
 *
 * <p>A single look-up runs under the read lock. A read of several steps pins the view instead, see
 * {@link PinnedView}, so that it holds up neither commits nor close.
 */
final class ViewPublisher {
  private final ReadWriteLock lock = new ReentrantReadWriteLock(true);
  private final Set<PinnedView> pinned = ConcurrentHashMap.newKeySet();
  private final EntryCache cache;

  /** Guarded by lock; null while there is no database. */
  private @Nullable View published;

  ViewPublisher(EntryCache cache) {
    this.cache = cache;
  }

  /** Shows a view of another database, or of the same one read anew. */
  void begin(View first) {
    swap(first, cache::clear);
  }

  /** Shows the view that follows by the given changes, which it and the database have already. */
  void follow(View next, List<Event> changes) {
    swap(next, () -> cache.publish(changes));
  }

  /** From its return no reader is left, and none can start: the database may be closed. */
  void end() {
    swap(null, cache::clear);
    pinned.forEach(PinnedView::takeBack);
  }

  /** One short read under the read lock. */
  <T> T look(Function<View, T> read) {
    lock.readLock().lock();
    try {
      View view = published;
      if (view == null) {
        throw KeyValueException.of(ErrorCode.UNAVAILABLE, "The store is not open.");
      }
      return read.apply(view);
    } finally {
      lock.readLock().unlock();
    }
  }

  /** For the holder of the commit monitor, who alone publishes: it stays the newest meanwhile. */
  View newest() {
    return look(Function.identity());
  }

  /** The newest entry of a key, or null; from the cache, or kept in it. */
  @Nullable Entry entry(Key key) {
    return look(view -> cache.get(key, view::get));
  }

  /** Keeps the view for a read of several steps; the caller closes it. */
  PinnedView pin() {
    return look(
        view -> {
          PinnedView pin = new PinnedView(view.retain(), pinned::remove);
          pinned.add(pin);
          return pin;
        });
  }

  /** One read of some length, which holds up no commit. */
  <T> T read(Function<View, T> steps) {
    try (PinnedView pin = pin()) {
      return pin.read(steps);
    }
  }

  /** Views that are pinned now. */
  int pinned() {
    return pinned.size();
  }

  private void swap(@Nullable View next, Runnable alongside) {
    View previous;
    lock.writeLock().lock();
    try {
      previous = published;
      published = next;
      alongside.run();
    } finally {
      lock.writeLock().unlock();
    }
    if (previous != null) {
      previous.release();
    }
  }
}
