package org.kvstore.client;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.HistoryDocument;

/**
 * One page of the retained versions of a key.
 *
 * @param versions the newest first
 * @param cursor what the next page is asked for with; null on the last page
 */
public record HistoryPage(List<Change> versions, @Nullable String cursor) {
  /** Copies the list. */
  public HistoryPage {
    versions = List.copyOf(versions);
  }

  static HistoryPage of(HistoryDocument document) {
    return new HistoryPage(
        document.versions().stream().map(Change::of).toList(), document.cursor());
  }
}
