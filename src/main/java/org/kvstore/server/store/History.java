package org.kvstore.server.store;

import java.util.List;
import org.kvstore.server.model.Event;

/**
 * A page of the versions of one key.
 *
 * @param versions the newest first; a delete is one too
 * @param next the revision that the next page begins with, or 0 on the last page
 */
public record History(List<Event> versions, long next) {

  /** Copies the list. */
  public History {
    versions = List.copyOf(versions);
  }
}
