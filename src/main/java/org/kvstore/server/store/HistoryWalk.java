package org.kvstore.server.store;

import org.jspecify.annotations.Nullable;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.KeyRange;
import org.rocksdb.RocksIterator;

/**
 * A walk through the table of versions, to see an earlier revision. For each key it looks for the
 * newest version at or below the revision, and passes over keys that had none or were deleted then.
 */
final class HistoryWalk implements EntryWalk {
  private static final byte ABOVE_ZERO = 1;

  private final View view;
  private final RocksIterator rows;
  private final KeyRange range;
  private final boolean descending;
  private final long revision;
  private @Nullable Entry entry;

  /** Takes the iterator over. */
  HistoryWalk(View view, RocksIterator rows, KeyRange range, boolean descending, long revision) {
    this.view = view;
    this.rows = rows;
    this.range = range;
    this.descending = descending;
    this.revision = revision;
    Bytes end = range.end();
    if (!descending) {
      skipTo(range.start());
    } else if (end != null) {
      skipTo(end);
    } else {
      rows.seekToLast();
      settle();
    }
  }

  @Override
  public boolean isValid() {
    return entry != null;
  }

  @Override
  public Bytes key() {
    return entry().key().utf8();
  }

  @Override
  public Entry entry() {
    if (entry == null) {
      throw new IllegalStateException("The walk has ended.");
    }
    return entry;
  }

  @Override
  public void next() {
    leave(key());
    settle();
  }

  @Override
  public void skipTo(Bytes position) {
    if (descending) {
      rows.seekForPrev(position.toArray());
    } else {
      rows.seek(position.toArray());
    }
    settle();
  }

  @Override
  public void close() {
    rows.close();
  }

  /** From any row of the next key to the entry that was there at the revision, or to the end. */
  private void settle() {
    entry = null;
    while (rows.isValid()) {
      Bytes key = Rows.keyOfVersion(rows.key()).utf8();
      if (!range.contains(key)) {
        return;
      }
      rows.seek(Rows.versionKey(key, revision));
      if (rows.isValid() && Rows.keyOfVersion(rows.key()).utf8().equals(key)) {
        entry = view.entryOf(rows.key(), rows.value());
        if (entry != null) {
          return;
        }
      }
      leave(key);
    }
    Database.check(rows);
  }

  /** Goes past all rows of a key. */
  private void leave(Bytes key) {
    byte[] target = new byte[key.size() + 1];
    key.copyTo(target, 0);
    if (descending) {
      rows.seekForPrev(target);
      return;
    }
    target[key.size()] = ABOVE_ZERO;
    rows.seek(target);
  }
}
