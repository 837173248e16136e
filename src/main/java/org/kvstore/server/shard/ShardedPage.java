package org.kvstore.server.shard;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.Revisions;

/**
 * One page of a listing, of each shard as of one revision.
 *
 * @param entries the entries, in the order asked for
 * @param prefixes the folded prefixes, in the order asked for
 * @param revisions the point in time
 * @param last the last key or folded prefix when more follow; null on the last page
 */
public record ShardedPage(
    List<Entry> entries, List<Bytes> prefixes, Revisions revisions, @Nullable Bytes last) {

  /** Copies the lists. */
  public ShardedPage {
    entries = List.copyOf(entries);
    prefixes = List.copyOf(prefixes);
  }
}
