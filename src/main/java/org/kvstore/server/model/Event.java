package org.kvstore.server.model;

import org.jspecify.annotations.Nullable;

/**
 * One change of one key, as the change log keeps it.
 *
 * @param revision the revision that it belongs to
 * @param index its place among the events of its revision, from 0
 * @param time when it was asked for: milliseconds since the epoch
 * @param reason why it happened
 * @param key the key
 * @param entry the entry after a put; null for a delete
 */
public record Event(
    long revision, int index, long time, Reason reason, Key key, @Nullable Entry entry) {

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
