package org.kvstore.it.cluster;

import java.util.Map;
import java.util.TreeMap;

/** What one key has been: which revisions wrote and which deleted it, and who knew when. */
final class Past {
  private final TreeMap<Long, Boolean> changes = new TreeMap<>(Map.of(0L, false));

  /** When each revision was acknowledged, as nanoseconds. */
  private final TreeMap<Long, Long> acknowledged = new TreeMap<>();

  /** A revision wrote it, or deleted it. */
  void changed(long revision, boolean isPut) {
    changes.put(revision, isPut);
  }

  /** Somebody knew at some time that a revision wrote it. */
  void acknowledged(long revision, long at) {
    acknowledged.merge(revision, at, Math::min);
  }

  /**
   * The earliest revision of the shard that can show an entry.
   *
   * @param shown the entry's revision, 0 for none
   * @param least a revision that the shard had before
   * @param what is at fault if there is none
   */
  long earliest(long shown, long least, Object what) {
    if (shown > 0) {
      if (!changes.getOrDefault(shown, false) || end(shown) <= least) {
        throw new AssertionError(
            "%s after revision %d of the shard; the key was %s".formatted(what, least, changes));
      }
      return Math.max(shown, least);
    }
    return changes.entrySet().stream()
        .filter(change -> !change.getValue() && end(change.getKey()) > least)
        .mapToLong(change -> Math.max(change.getKey(), least))
        .findFirst()
        .orElseThrow(
            () ->
                new AssertionError(
                    "%s after revision %d of the shard; the key was %s"
                        .formatted(what, least, changes)));
  }

  /**
   * How long before some time the first of those writes was acknowledged that an entry does not
   * show; 0 when it shows all of that time.
   *
   * @param shown the entry's revision, 0 for none
   */
  long missed(long shown, long time) {
    long end =
        shown > 0
            ? end(shown)
            : changes.entrySet().stream()
                .filter(change -> !change.getValue())
                .mapToLong(change -> end(change.getKey()))
                .max()
                .orElseThrow();
    return acknowledged.tailMap(end).values().stream()
        .mapToLong(at -> Math.max(0, time - at))
        .max()
        .orElse(0);
  }

  /** The next change after one, with which it is shown no more. */
  private long end(long revision) {
    Long next = changes.higherKey(revision);
    return next == null ? Long.MAX_VALUE : next;
  }
}
