package org.kvstore.server.model;

import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What must hold for a write to be applied: RFC 9110 section 13, in terms of revisions. It is
 * evaluated inside the commit, against the newest state.
 *
 * @param ifMatch the key exists with one of these revisions; null when not asked for
 * @param ifNoneMatch the key does not exist with any of these; null when not asked for
 */
public record Condition(@Nullable Tags ifMatch, @Nullable Tags ifNoneMatch) {
  /** Always holds. */
  public static final Condition NONE = new Condition(null, null);

  /**
   * A list of entity tags.
   *
   * @param any whether it is {@code *}, which stands for every revision
   * @param revisions the listed revisions
   */
  public record Tags(boolean any, Set<Long> revisions) {
    /** The list {@code *}. */
    public static final Tags ANY = new Tags(true, Set.of());

    /** Copies the set. */
    public Tags {
      revisions = Set.copyOf(revisions);
    }

    /** Whether the list names the entry's revision; a missing entry is never named. */
    public boolean names(@Nullable Entry entry) {
      return entry != null && (any || revisions.contains(entry.modRevision()));
    }
  }

  /** Whether the condition holds for the current entry, null being a missing one. */
  public boolean holds(@Nullable Entry current) {
    return (ifMatch == null || ifMatch.names(current))
        && (ifNoneMatch == null || !ifNoneMatch.names(current));
  }
}
