package org.kvstore.server.model;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One page of a listing, all of it from one view.
 *
 * @param entries the entries, in the order asked for
 * @param prefixes the folded prefixes, in the order asked for
 * @param revision the point in time
 * @param last the last key or folded prefix when more follow; null on the last page
 */
public record Page(List<Entry> entries, List<Bytes> prefixes, long revision, @Nullable Bytes last) {

  /** Copies the lists. */
  public Page {
    entries = List.copyOf(entries);
    prefixes = List.copyOf(prefixes);
  }
}
