package org.kvstore.server.store;

import java.util.Arrays;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.KeyRange;
import org.rocksdb.RocksIterator;

/**
 * A walk through the table of versions, to see an earlier revision. For each key it looks for the
 * newest version at or below the revision, and passes over keys that had none or were deleted then.
 * The entry itself is read only when it is asked for.
 */
final class HistoryWalk implements EntryWalk {
  private static final byte ABOVE_ZERO = 1;

  private final View view;
  private final RocksIterator rows;
  private final KeyRange range;
  private final boolean descending;
  private final long revision;
  private boolean valid;
  private Bytes key = Bytes.EMPTY;

  /** Takes the iterator over. */
  HistoryWalk(View view, RocksIterator rows, KeyRange range, boolean descending, long revision) {
    this.view = view;
    this.rows = rows;
    this.range = range;
    this.descending = descending;
    this.revision = revision;
    try {
      start();
    } catch (RuntimeException e) {
      rows.close();
      throw e;
    }
  }

  private void start() {
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
    return valid;
  }

  @Override
  public Bytes key() {
    return key;
  }

  @Override
  public Entry entry() {
    Entry entry = view.entryOf(rows.key(), rows.value());
    if (entry == null) {
      throw new IllegalStateException("A version of a present key points at no entry.");
    }
    return entry;
  }

  @Override
  public void next() {
    leave(key);
    settle();
  }

  @Override
  public void skipTo(Bytes position) {
    byte[] row = rowAt(position);
    if (descending) {
      rows.seekForPrev(row);
    } else {
      rows.seek(row);
    }
    settle();
  }

  @Override
  public void close() {
    rows.close();
  }

  /** From any row of the next key to the entry that was there at the revision, or to the end. */
  private void settle() {
    valid = false;
    while (rows.isValid()) {
      key = Rows.keyOfVersion(rows.key()).utf8();
      if (!range.contains(key)) {
        return;
      }
      rows.seek(Rows.versionKey(key, revision));
      if (standsOnPresence()) {
        valid = true;
        return;
      }
      leave(key);
    }
    Database.check(rows);
  }

  /** Whether the row is a version of the key by which it exists. */
  private boolean standsOnPresence() {
    if (!rows.isValid()) {
      // To be asked now: the next seek forgets a failure.
      Database.check(rows);
      return false;
    }
    byte[] row = rows.key();
    return Rows.keyOfVersion(row).utf8().equals(key) && Rows.existsInVersion(rows.value());
  }

  /**
   * Where the rows of keys at and above a position begin. A position with a zero byte, such as the
   * successor of a key, falls between the rows of a key: what is meant is the place behind them.
   */
  private static byte[] rowAt(Bytes position) {
    byte[] row = position.toArray();
    for (int i = 0; i < row.length; i++) {
      if (row[i] == 0) {
        row[i] = ABOVE_ZERO;
        return Arrays.copyOf(row, i + 1);
      }
    }
    return row;
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
