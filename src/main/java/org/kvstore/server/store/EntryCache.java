package org.kvstore.server.store;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.stats.ConcurrentStatsCounter;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.Event;
import org.kvstore.server.model.Key;

/**
 * The newest entries of keys that were read or written lately, decoded, on the heap: what is asked
 * for often is answered without a look into the database. Bounded in bytes; what is used least
 * goes.
 *
 * <p>It always shows what the published view shows. That holds because readers fill it under the
 * read lock of that view and {@link #publish} is called under the write lock, together with the
 * swap: no reader can put back what a commit has replaced.
 */
final class EntryCache {
  /** Objects around the bytes of an entry, and the cache's own: measured, about. */
  private static final int OVERHEAD_BYTES = 260;

  /** A commit that changes more keys empties the cache instead, as the write lock is held. */
  private static final int MOST_CHANGES = 1_000;

  /** Of so many misses one is kept once the cache is full. */
  private static final int MISSES_A_KEEP = 8;

  private final long bytes;

  /** Goes on over {@link #clear}. */
  private final ConcurrentStatsCounter lookups = new ConcurrentStatsCounter();

  private volatile Cache<Key, Entry> entries;

  /** Something had to go already. */
  private volatile boolean full;

  /**
   * @param bytes how much of the heap it may take, roughly; 0 for no cache
   */
  EntryCache(long bytes) {
    this.bytes = bytes;
    entries = empty();
  }

  /**
   * The cached entry, or null. For the committer, who knows the published view to be the newest. It
   * is about to write the entry, so this does not count as a use of it.
   */
  @Nullable Entry get(Key key) {
    return entries.policy().getIfPresentQuietly(key);
  }

  /** The cached entry, or what the published view has, which is kept. Under the read lock. */
  @Nullable Entry get(Key key, Function<Key, @Nullable Entry> view) {
    Entry cached = entries.getIfPresent(key);
    if (cached != null) {
      return cached;
    }
    Entry found = view.apply(key);
    if (found != null && isWorthKeeping()) {
      entries.put(key, found);
    }
    return found;
  }

  /**
   * Once it is full, most keys that miss are asked for so rarely that they would be gone before the
   * next time; what is asked for often gets in soon all the same.
   */
  private boolean isWorthKeeping() {
    return !full || ThreadLocalRandom.current().nextInt(MISSES_A_KEEP) == 0;
  }

  /** Follows the view that is published with these changes. Under the write lock. */
  void publish(List<Event> events) {
    if (events.size() > MOST_CHANGES) {
      clear();
      return;
    }
    for (Event event : events) {
      Entry entry = event.entry();
      if (entry == null) {
        entries.invalidate(event.key());
      } else {
        entries.put(event.key(), entry);
      }
    }
  }

  /** Forgets everything. Under the write lock. */
  void clear() {
    full = false;
    entries = empty();
  }

  private Cache<Key, Entry> empty() {
    return Caffeine.newBuilder()
        .maximumWeight(bytes)
        .<Key, Entry>weigher((key, entry) -> weight(entry))
        // Its upkeep is short and needs no thread of its own.
        .executor(Runnable::run)
        .recordStats(() -> lookups)
        .evictionListener((key, entry, cause) -> full = true)
        .build();
  }

  /** Look-ups that it answered, since the opening of the store. */
  long hits() {
    return lookups.snapshot().hitCount();
  }

  /** Look-ups that it did not. */
  long misses() {
    return lookups.snapshot().missCount();
  }

  private static int weight(Entry entry) {
    return OVERHEAD_BYTES
        + 2 * entry.key().utf8().size()
        + entry.value().size()
        + entry.contentType().length();
  }
}
