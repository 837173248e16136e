package org.kvstore.server.model;

import java.util.Comparator;
import org.jspecify.annotations.Nullable;

/**
 * One change of one key, as the change log keeps it. Events are ordered by revision, those of one
 * revision by key; a revision changes a key once.
 *
 * @param revision the revision that it belongs to
 * @param previous the revision of the entry that it replaces or deletes; 0 when there is none
 * @param time when it was asked for: milliseconds since the epoch
 * @param reason why it happened
 * @param key the key
 * @param entry the entry after a put; null for a delete
 */
public record Event(
    long revision, long previous, long time, Reason reason, Key key, @Nullable Entry entry) {

  /** The order of the change log. */
  public static final Comparator<Event> ORDER =
      Comparator.comparingLong(Event::revision).thenComparing(Event::key);

  /** What caused an event. The order is part of the disk format. */
  public enum Reason {
    /** A client's request. */
    CLIENT,
    /** The entry's time to live ended. */
    EXPIRED,
    /** The entry's lease ended or was revoked. */
    LEASE
  }

  /** Whether the key exists after the event. */
  public boolean isPut() {
    return entry != null;
  }
}
