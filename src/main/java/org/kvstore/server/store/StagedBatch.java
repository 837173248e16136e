package org.kvstore.server.store;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.rocksdb.WriteBatch;

/**
 * The rows that a group writes, while they gather. Used by one thread.
 *
 * <p>They go to RocksDB in one call, in the form that it gives a batch in its log:
 *
 * <pre>
 * batch    sequence (8 bytes, set by RocksDB), number of rows (4 bytes, little endian), rows
 * put      5, column family, key, value       1, key, value   in the default column family
 * delete   4, column family, key              0, key          in the default column family
 * </pre>
 *
 * Keys and values have their length before them; lengths and column families are LEB128. Source:
 * RocksDB, db/write_batch.cc. Rows are sorted by key within their table, as a memtable inserts the
 * neighbour of the row before it with fewer steps; those of one key stay in their order.
 */
final class StagedBatch {
  private static final int HEADER = Long.BYTES + Integer.BYTES;
  private static final int DELETE = 0;
  private static final int PUT = 1;
  private static final int IN_COLUMN_FAMILY = 4;

  /** Bytes of a row beside its key and value, at the most. */
  private static final int ROW_OVERHEAD = 16;

  private static final Comparator<Row> BY_KEY =
      Comparator.comparing(Row::key, Arrays::compareUnsigned);

  private final Database database;
  private final Map<Table, List<Row>> tables = new EnumMap<>(Table.class);
  private int count;
  private int bytes = HEADER;

  /** A row to put or, without a value, to delete. */
  private record Row(byte[] key, byte @Nullable [] value) {}

  StagedBatch(Database database) {
    this.database = database;
  }

  void put(Table table, byte[] key, byte[] value) {
    bytes += value.length;
    add(table, new Row(key, value));
  }

  void delete(Table table, byte[] key) {
    add(table, new Row(key, null));
  }

  boolean isEmpty() {
    return count == 0;
  }

  /** All of it, for RocksDB; the caller closes it. */
  WriteBatch toWriteBatch() {
    Encoder batch = new Encoder(bytes).fixed64(0).littleEndian32(count);
    tables.forEach(
        (table, rows) -> {
          rows.sort(BY_KEY);
          int family = database.family(table);
          rows.forEach(row -> encode(batch, family, row));
        });
    return new WriteBatch(batch.toArray());
  }

  private void add(Table table, Row row) {
    count++;
    bytes += row.key.length + ROW_OVERHEAD;
    tables.computeIfAbsent(table, any -> new ArrayList<>()).add(row);
  }

  private static void encode(Encoder batch, int family, Row row) {
    int operation = row.value == null ? DELETE : PUT;
    if (family == 0) {
      batch.fixed8(operation);
    } else {
      batch.fixed8(operation + IN_COLUMN_FAMILY).variable(family);
    }
    batch.sized(row.key);
    if (row.value != null) {
      batch.sized(row.value);
    }
  }
}
