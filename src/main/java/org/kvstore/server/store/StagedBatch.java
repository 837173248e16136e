package org.kvstore.server.store;

import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.KeyValueException;
import org.rocksdb.RocksDBException;
import org.rocksdb.WriteBatch;

/** The one batch that makes a group durable, while it fills. */
final class StagedBatch implements AutoCloseable {
  private final Database database;
  private final WriteBatch batch = new WriteBatch();

  StagedBatch(Database database) {
    this.database = database;
  }

  void put(Table table, byte[] key, byte[] value) {
    try {
      batch.put(database.handle(table), key, value);
    } catch (RocksDBException e) {
      throw failure(e);
    }
  }

  void delete(Table table, byte[] key) {
    try {
      batch.delete(database.handle(table), key);
    } catch (RocksDBException e) {
      throw failure(e);
    }
  }

  boolean isEmpty() {
    return batch.count() == 0;
  }

  WriteBatch rocks() {
    return batch;
  }

  @Override
  public void close() {
    batch.close();
  }

  private static KeyValueException failure(RocksDBException e) {
    return KeyValueException.of(ErrorCode.INTERNAL, "The change could not be staged.").withCause(e);
  }
}
