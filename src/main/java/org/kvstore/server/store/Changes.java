package org.kvstore.server.store;

import java.util.List;
import org.kvstore.server.model.Event;

/**
 * A part of the change log.
 *
 * @param events in order; of each revision all
 * @param upTo the newest revision that they cover, be there events of it or not
 */
public record Changes(List<Event> events, long upTo) {

  /** Copies the list. */
  public Changes {
    events = List.copyOf(events);
  }
}
