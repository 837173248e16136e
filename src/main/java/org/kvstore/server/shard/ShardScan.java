package org.kvstore.server.shard;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.KeyRange;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.ListQuery;
import org.kvstore.server.model.Page;
import org.kvstore.server.store.EntryScan;
import org.kvstore.server.store.Read;
import org.kvstore.server.store.Store;

/**
 * Reads a whole range of one shard as of one revision, a bounded chunk at a time: from one view of
 * the replica here, or page by page of others. A scan whose replica here goes, goes on elsewhere,
 * or with the one that has come here since. It is for one thread at a time.
 */
final class ShardScan implements AutoCloseable {
  private final Shard shard;
  private final ListQuery chunk;

  /** Of the replica here; null when it is read elsewhere. */
  private @Nullable EntryScan here;

  /** What that reads. */
  private @Nullable Store store;

  private List<Entry> entries;
  private long revision;

  /** The key that the next page follows; null at the end, and while it is read here. */
  private @Nullable Bytes after;

  /** The newest key that was read. */
  private @Nullable Bytes last;

  /**
   * @param chunk what is read first where it is elsewhere
   * @param first that; null where it is here
   */
  ShardScan(Shard shard, ListQuery chunk, @Nullable Page first) {
    this.shard = shard;
    this.chunk = chunk;
    entries = List.of();
    if (first != null) {
      take(first);
    } else {
      begin();
    }
  }

  /** What is read first where it is elsewhere. */
  static ListQuery chunk(KeyRange range, int keys, long bytes) {
    return new ListQuery(range, false, keys, bytes, false, null, Bytes.EMPTY, 0, null);
  }

  private void begin() {
    Store now = shard.place().storeRead();
    if (now != null) {
      try {
        EntryScan scan = now.scan(chunk.range(), chunk.maxBytes());
        here = scan;
        store = now;
        revision = scan.revision();
        took(scan.entries());
        return;
      } catch (KeyValueException e) {
        if (!hasGone(now, e)) {
          throw e;
        }
      }
    }
    take(shard.reads().now(new Read.PageOf(chunk)));
  }

  /** The entries read last; at first the first of the range. */
  List<Entry> entries() {
    return entries;
  }

  /** Reads on; false at the end of the range. */
  boolean advance() {
    EntryScan scan = here;
    if (scan == null) {
      return after != null && next(after);
    }
    try {
      boolean more = scan.advance();
      if (more) {
        took(scan.entries());
      }
      return more;
    } catch (KeyValueException e) {
      if (!hasGone(store, e)) {
        throw e;
      }
      scan.close();
      here = null;
      return next(last);
    }
  }

  /** Whether a read failed as its store is not read any more; another may have come since. */
  private boolean hasGone(@Nullable Store from, KeyValueException failure) {
    return shard.place().storeRead() != from && failure.code() == ErrorCode.UNAVAILABLE;
  }

  private boolean next(@Nullable Bytes behind) {
    ListQuery next = chunk.part(chunk.limit(), chunk.maxBytes(), revision, behind);
    take(shard.reads().asOf(revision, new Read.PageOf(next)));
    return !entries.isEmpty();
  }

  private void take(Page page) {
    revision = page.revision();
    after = page.last();
    took(page.entries());
  }

  private void took(List<Entry> read) {
    entries = read;
    last = read.isEmpty() ? last : read.get(read.size() - 1).key().utf8();
  }

  @Override
  public void close() {
    if (here != null) {
      here.close();
    }
  }
}
