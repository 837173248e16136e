package org.kvstore.server.store;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.util.List;
import java.util.stream.Stream;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Event;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.store.WatchSink.Delivery;

/**
 * The changes for watches that are behind, from memory or from the log on disk. What one of them
 * has read is kept for a while for those that follow: when a thousand watches have fallen behind
 * together, each would otherwise read everything again, and none would ever catch up.
 *
 * <p>A part ends where a multiple of {@value #CHUNK} revisions does, if there is room. So watches
 * that are at different places come to the same ones soon. What is kept stays true, as the past
 * does not change; it may be of a time that was given up since.
 */
final class Backlog {
  static final int CHUNK = 256;
  private static final long KEPT_BYTES = 4 << 20;
  private static final long OVERHEAD_BYTES = 200;

  private final ChangeLog log;
  private final RecentChanges recent;

  /** What was read from disk, by the revision that it follows. */
  private final Cache<Long, Changes> chunks =
      Caffeine.newBuilder()
          .maximumWeight(KEPT_BYTES)
          .<Long, Changes>weigher((after, changes) -> weight(changes.events().stream()))
          .executor(Runnable::run)
          .build();

  /** What is wanted of it, or of what is in memory. */
  private final Cache<Place, Part> parts =
      Caffeine.newBuilder()
          .maximumWeight(KEPT_BYTES)
          .<Place, Part>weigher(
              (place, part) -> weight(part.deliveries().stream().map(Delivery::event)))
          .executor(Runnable::run)
          .build();

  Backlog(ChangeLog log, RecentChanges recent) {
    this.log = log;
    this.recent = recent;
  }

  /**
   * What follows a place, or the beginning of it.
   *
   * @param upTo not further than this
   * @param bytes how many are enough
   * @throws org.kvstore.server.model.KeyValueException as {@link ChangeLog#changes} does
   */
  Part part(Place place, long upTo, long bytes) {
    if (place.after() >= upTo) {
      return new Part(List.of(), place.after(), 0);
    }
    Part kept = parts.getIfPresent(place);
    if (kept != null && kept.upTo() <= upTo) {
      return kept;
    }
    long end = Math.min(upTo, (place.after() / CHUNK + 1) * CHUNK);
    Changes inMemory = recent.between(place.after(), end, CHUNK, bytes);
    Changes changes = inMemory == null ? onDisk(place.after(), end, bytes) : inMemory;
    Part read = Part.of(place.query(), changes);
    parts.put(place, read);
    return read;
  }

  private Changes onDisk(long after, long end, long bytes) {
    Changes kept = chunks.getIfPresent(after);
    if (kept == null) {
      kept = log.changes(after, CHUNK, bytes);
      if (kept.upTo() <= after) {
        // There is more, or it would not be asked for: it is not there yet, and not kept as such.
        throw KeyValueException.of(
            ErrorCode.UNAVAILABLE, "The changes cannot be read so far here yet.");
      }
      chunks.put(after, kept);
    }
    return kept.upTo() <= end ? kept : firstOf(kept.events(), end);
  }

  private static Changes firstOf(List<Event> events, long end) {
    return new Changes(events.stream().takeWhile(event -> event.revision() <= end).toList(), end);
  }

  /** Parts hold on to their events: what is wanted of a chunk may outlive the chunk. */
  private static int weight(Stream<Event> events) {
    return (int) Math.min(KEPT_BYTES, OVERHEAD_BYTES + events.mapToLong(Changes::bytes).sum());
  }
}
