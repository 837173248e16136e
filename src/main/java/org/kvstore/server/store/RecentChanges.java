package org.kvstore.server.store;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentSkipListMap;
import org.jspecify.annotations.Nullable;
import org.kvstore.server.model.Event;

/**
 * The newest changes in memory, bounded in bytes, for watches that are caught up. One thread adds;
 * any may read.
 */
final class RecentChanges {
  private final long maxBytes;

  /** The events of one commit, by its newest revision. */
  private final ConcurrentSkipListMap<Long, List<Event>> commits = new ConcurrentSkipListMap<>();

  /** Guarded by this object's monitor. */
  private long bytes;

  /** Changes after this revision are here. Raised before they go, and never lowered. */
  private volatile long floor;

  private volatile long newest;

  /**
   * @param revision the newest revision there is
   */
  RecentChanges(long maxBytes, long revision) {
    this.maxBytes = maxBytes;
    floor = revision;
    newest = revision;
  }

  /** Adds a commit; the oldest ones go if there is no room. */
  synchronized void add(List<Event> events) {
    if (events.get(0).revision() <= newest) {
      // It was skipped before it was told: whoever wants it reads it from disk.
      return;
    }
    if (events.get(0).revision() != newest + 1) {
      // A commit was not heard of, as when the store recovers from a failed write.
      skipTo(events.get(0).revision() - 1);
    }
    long last = events.get(events.size() - 1).revision();
    commits.put(last, events);
    bytes += Changes.bytes(events);
    while (bytes > maxBytes) {
      var oldest = commits.firstEntry();
      floor = oldest.getKey();
      commits.remove(oldest.getKey());
      bytes -= Changes.bytes(oldest.getValue());
    }
    newest = last;
  }

  /** Goes on at a revision that nobody told of, unless it has gone on meanwhile. */
  synchronized void skip(long from, long to) {
    if (newest == from) {
      skipTo(to);
    }
  }

  /** Forgets everything: what follows the floor has to be read from disk up to a revision. */
  private void skipTo(long revision) {
    floor = revision;
    commits.clear();
    bytes = 0;
    newest = revision;
  }

  long newest() {
    return newest;
  }

  /**
   * The events after a revision, whole revisions only, until there are enough of them; null when
   * some are not here any more.
   */
  @Nullable Changes after(long revision, int enoughEvents, long enoughBytes) {
    return between(revision, newest, enoughEvents, enoughBytes);
  }

  /**
   * The same, up to a revision.
   *
   * @param upTo where to end; at most {@link #newest}
   */
  @Nullable Changes between(long revision, long upTo, int enoughEvents, long enoughBytes) {
    if (revision < floor) {
      return null;
    }
    List<Event> found = new ArrayList<>();
    long size = 0;
    long last = revision;
    for (List<Event> commit : commits.tailMap(revision, false).values()) {
      if (commit.get(0).revision() > upTo) {
        break;
      }
      for (Event event : commit) {
        if (event.revision() <= revision || event.revision() > upTo) {
          continue;
        }
        if (event.revision() != last && (found.size() >= enoughEvents || size >= enoughBytes)) {
          return revision < floor ? null : new Changes(found, last);
        }
        found.add(event);
        size += Changes.bytes(event);
        last = event.revision();
      }
    }
    return revision < floor ? null : new Changes(found, Math.max(upTo, revision));
  }
}
