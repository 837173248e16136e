package org.kvstore.server.store;

import java.util.List;
import org.kvstore.server.model.Serial;
import org.kvstore.server.model.Submission;

/**
 * What an entry of a replicated log holds.
 *
 * @param serial whose it is
 * @param group in the order in which they are applied
 */
public record LogEntry(Serial serial, List<Submission> group) {
  /** Copies the group. */
  public LogEntry {
    group = List.copyOf(group);
  }
}
