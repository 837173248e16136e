package org.kvstore.server.store;

import java.util.List;
import org.kvstore.server.model.Serial;
import org.kvstore.server.model.Submission;

/**
 * What an entry of a replicated log holds: groups of submissions of several senders, as a rule one
 * of each.
 *
 * @param groups in the order in which they are applied
 */
public record LogEntry(List<Group> groups) {
  /** Copies the groups. */
  public LogEntry {
    groups = List.copyOf(groups);
  }

  /**
   * What one sender sends at a time.
   *
   * @param serial whose it is
   * @param submissions in the order in which they are applied
   */
  public record Group(Serial serial, List<Submission> submissions) {
    /** Copies the submissions. */
    public Group {
      submissions = List.copyOf(submissions);
    }
  }
}
