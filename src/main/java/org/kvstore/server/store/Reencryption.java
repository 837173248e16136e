package org.kvstore.server.store;

import org.jspecify.annotations.Nullable;
import org.kvstore.server.crypto.DataKey;
import org.kvstore.server.model.Bytes;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;
import org.rocksdb.WriteBatch;

/**
 * Copies all rows of a database into a new one, which has a data key of its own, or none. In
 * constant memory; what is written is durable.
 */
final class Reencryption {
  private static final int BATCH_BYTES = 1 << 20;

  private final Database source;
  private final Database target;
  private StagedBatch batch;
  private @Nullable Resealing resealing;
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
    byte[] copied = resealing().value(table, key, row);
    batch.put(table, key, copied);
    bytes += key.length + copied.length;
    if (bytes >= BATCH_BYTES) {
      write();
    }
  }

  /** A new one for each batch, as its sealer is for one. */
  private Resealing resealing() {
    if (resealing == null) {
      DataKey key = target.dataKey();
      resealing = new Resealing(source.dataKey(), key == null ? null : key.sealer());
    }
    return resealing;
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
    resealing = null;
    bytes = 0;
  }
}
