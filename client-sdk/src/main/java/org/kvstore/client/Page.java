package org.kvstore.client;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ListingDocument;

/**
 * One page of a listing. All pages of one listing show the same point in time.
 *
 * @param entries entries in key order
 * @param prefixes the prefixes that a delimiter folded, in order
 * @param cursor continues the listing; null on the last page
 * @param position the point in time of the listing, opaque; null when the service gives none
 */
public record Page(
    List<Entry> entries,
    List<String> prefixes,
    @Nullable String cursor,
    @Nullable String position) {
  /** Copies the lists. */
  public Page {
    entries = List.copyOf(entries);
    prefixes = List.copyOf(prefixes);
  }

  static Page of(ListingDocument document) {
    return new Page(
        Optional.ofNullable(document.entries()).orElse(List.of()).stream().map(Entry::of).toList(),
        Optional.ofNullable(document.prefixes()).orElse(List.of()),
        document.cursor(),
        document.position());
  }
}
