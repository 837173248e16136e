package org.kvstore.server.store;

import java.util.List;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.Event;

/**
 * A part of the change log.
 *
 * @param events in order; of each revision all
 * @param upTo the newest revision that they cover, be there events of it or not
 */
public record Changes(List<Event> events, long upTo) {
  private static final long OVERHEAD_BYTES = 200;

  /** Copies the list. */
  public Changes {
    events = List.copyOf(events);
  }

  /** What some events take in memory, about. */
  static long bytes(List<Event> events) {
    return events.stream().mapToLong(Changes::bytes).sum();
  }

  /** What an event takes in memory, about. */
  static long bytes(Event event) {
    Entry entry = event.entry();
    return OVERHEAD_BYTES + event.key().utf8().size() + (entry == null ? 0 : entry.value().size());
  }
}
