package org.kvstore.server.store;

import org.jspecify.annotations.Nullable;
import org.kvstore.server.crypto.Sealer;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.Event;
import org.kvstore.server.model.Key;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;
import org.rocksdb.WriteBatch;

/**
 * Copies all rows of a database into a new one, which has a data key of its own, or none. In
 * constant memory; what is written is durable.
 */
final class Reencryption {
  private static final int BATCH_BYTES = 1 << 20;
  private static final byte[] NOTHING = new byte[0];

  private final Database source;
  private final Database target;
  private StagedBatch batch;
  private @Nullable Sealer sealer;
  private int bytes;

  Reencryption(Database source, Database target) {
    this.source = source;
    this.target = target;
    batch = new StagedBatch(target);
  }

  void run() {
    for (Table table : Table.values()) {
      try (RocksIterator rows = source.iterator(table, source.newest())) {
        for (rows.seekToFirst(); rows.isValid(); rows.next()) {
          copy(table, rows.key(), rows.value());
        }
        Database.check(rows);
      }
      write();
    }
  }

  private void copy(Table table, byte[] key, byte[] row) {
    if (table == Table.META && Bytes.copyOf(key).equals(Bytes.copyOf(KeyRow.NAME))) {
      return;
    }
    byte[] copied = reencrypted(table, key, row);
    batch.put(table, key, copied);
    bytes += key.length + copied.length;
    if (bytes >= BATCH_BYTES) {
      write();
    }
  }

  private byte[] reencrypted(Table table, byte[] key, byte[] row) {
    return switch (table) {
      case CURRENT -> entry(Rows.currentEntry(Key.ofStored(key), row, source.dataKey()));
      case CHANGES -> change(Rows.changeEvent(key, row, source.dataKey()));
      case REQUESTS -> RequestRows.isByName(key) ? request(RequestRows.nameOf(key), row) : row;
      case META, VERSIONS, DEADLINES, LEASES -> row;
    };
  }

  private byte[] entry(Entry entry) {
    return Rows.currentValue(entry, sealer());
  }

  private byte[] change(Event event) {
    Entry entry = event.entry();
    return Rows.changeValue(event, entry == null ? NOTHING : entry(entry));
  }

  private byte[] request(String name, byte[] row) {
    return RequestRows.value(name, RequestRows.remembered(name, row, source.dataKey()), sealer());
  }

  /** A new one for each batch. */
  private @Nullable Sealer sealer() {
    if (sealer == null && target.dataKey() != null) {
      sealer = target.dataKey().sealer();
    }
    return sealer;
  }

  private void write() {
    if (batch.isEmpty()) {
      return;
    }
    try (WriteBatch rows = batch.toWriteBatch()) {
      target.write(rows);
    } catch (RocksDBException e) {
      throw Database.writeFailure(e);
    }
    batch = new StagedBatch(target);
    sealer = null;
    bytes = 0;
  }
}
