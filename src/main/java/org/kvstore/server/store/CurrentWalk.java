package org.kvstore.server.store;

import org.jspecify.annotations.Nullable;
import org.kvstore.server.crypto.DataKey;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.KeyRange;
import org.rocksdb.ReadOptions;
import org.rocksdb.RocksIterator;

/** A walk through the table of current entries. */
final class CurrentWalk implements EntryWalk {
  private final RocksIterator rows;
  private final KeyRange range;
  private final boolean descending;
  private final @Nullable DataKey dataKey;
  private boolean valid;
  private Bytes key = Bytes.EMPTY;

  /** Begins at the end of the range that the direction says. */
  CurrentWalk(Database database, ReadOptions options, KeyRange range, boolean descending) {
    rows = database.iterator(Table.CURRENT, options);
    dataKey = database.dataKey();
    this.range = range;
    this.descending = descending;
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
    return Rows.currentEntry(new Key(key), rows.value(), dataKey);
  }

  /** The entry it stands on, without its value and type: nothing is decrypted. */
  Entry head() {
    return Rows.entryHead(new Key(key), rows.value(), dataKey);
  }

  @Override
  public void next() {
    if (descending) {
      rows.prev();
    } else {
      rows.next();
    }
    settle();
  }

  @Override
  public void skipTo(Bytes position) {
    byte[] target = position.toArray();
    if (descending) {
      rows.seekForPrev(target);
      if (rows.isValid() && Bytes.takeOver(rows.key()).equals(position)) {
        rows.prev();
      }
    } else {
      rows.seek(target);
    }
    settle();
  }

  @Override
  public void close() {
    rows.close();
  }

  private void settle() {
    valid = rows.isValid();
    if (!valid) {
      Database.check(rows);
      return;
    }
    key = Bytes.takeOver(rows.key());
    valid = range.contains(key);
  }
}
