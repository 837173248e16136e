package org.kvstore.server.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.rocksdb.RocksDBException;
import org.rocksdb.WriteBatch;

/** What is put together here must be, byte for byte, what RocksDB itself would have made of it. */
class StagedBatchTest {
  @TempDir Path directory;

  @Test
  void toWriteBatch_rowsOfEveryTableAndLength_areAsRocksDbWritesThem() throws RocksDBException {
    Database database = Database.open(directory, Stores.options(directory), true);
    try (database;
        WriteBatch expected = new WriteBatch()) {
      StagedBatch staged = new StagedBatch(database);
      for (Table table : Table.values()) {
        for (int length : new int[] {1, 127, 128, 300, 20_000}) {
          byte[] key = "k".repeat(length).getBytes(StandardCharsets.UTF_8);
          byte[] value = new byte[length - 1];
          staged.put(table, key, value);
          expected.put(database.handle(table), key, value);
          staged.delete(table, key);
          expected.delete(database.handle(table), key);
        }
      }
      try (WriteBatch made = staged.toWriteBatch()) {
        assertThat(made.data()).isEqualTo(expected.data());
        assertThat(made.count()).isEqualTo(expected.count());
      }
    }
  }

  @Test
  void toWriteBatch_rowsInAnyOrder_areSortedByKeyAndKeepTheOrderOfOneKey() throws RocksDBException {
    try (Database database = Database.open(directory, Stores.options(directory), true)) {
      StagedBatch staged = new StagedBatch(database);
      staged.put(Table.CURRENT, new byte[] {(byte) 0x80}, new byte[] {1});
      staged.delete(Table.CURRENT, new byte[] {5});
      staged.put(Table.CURRENT, new byte[] {5}, new byte[] {2});
      try (WriteBatch made = staged.toWriteBatch()) {
        database.write(made);
      }
      assertThat(database.get(Table.CURRENT, database.newest(), new byte[] {5})).containsExactly(2);
      assertThat(Stores.rows(database, Table.CURRENT)).hasSize(2);
    }
  }
}
