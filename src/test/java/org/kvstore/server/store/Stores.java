package org.kvstore.server.store;

import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.Limits;
import org.kvstore.server.model.ShardNumber;
import org.kvstore.server.service.JsonPatcher;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;
import org.rocksdb.WriteBatch;

/** Opens stores for tests: small caches, the default limits unless a test is about them. */
public final class Stores {
  private static final CommitListener DEAF = events -> {};

  private Stores() {}

  public static StoreOptions options(Path directory) {
    return new StoreOptions(directory, 32L << 20, 16L << 20, 1L << 20, 100, 0);
  }

  public static Store create(Path directory) {
    return open(directory, Limits.DEFAULT, true, DEAF);
  }

  public static Store open(Path directory) {
    return open(directory, Limits.DEFAULT, false, DEAF);
  }

  /** Makes the store of one of several shards. */
  public static Store create(Path directory, ShardNumber shard, Limits limits) {
    return Store.open(
        options(directory).of(shard), limits, true, new Store.Hooks(DEAF, new JsonPatcher()));
  }

  /** Opens a store in a directory that may be new, with a listener. */
  public static Store open(Path directory, Limits limits, boolean create, CommitListener listener) {
    return Store.open(
        options(directory), limits, create, new Store.Hooks(listener, new JsonPatcher()));
  }

  /** Puts a row that nobody can read in the place of a current entry of a closed store. */
  public static void poison(Path directory, Key key) {
    poison(directory, Table.CURRENT, Rows.currentKey(key));
  }

  /** The same for a row of any table. */
  static void poison(Path directory, Table table, byte[] row) {
    try (Database database = Database.open(directory, options(directory), false);
        WriteBatch batch = new WriteBatch()) {
      batch.put(database.handle(table), row, new byte[] {99});
      database.write(batch);
    } catch (RocksDBException e) {
      throw new IllegalStateException(e);
    }
  }

  /** A digest of every row of every table of a closed store. */
  public static String digest(Path directory) {
    try (Database database = Database.openReadOnly(directory, options(directory))) {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      for (Table table : Table.values()) {
        for (Row row : rows(database, table)) {
          digest.update(row.key().toArray());
          digest.update(row.value().toArray());
        }
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Raw rows of a table of a closed store, in order: key and value, one after the other. */
  static List<Row> rows(Database database, Table table) {
    try (RocksIterator iterator = database.iterator(table, database.newest())) {
      List<Row> rows = new ArrayList<>();
      for (iterator.seekToFirst(); iterator.isValid(); iterator.next()) {
        rows.add(new Row(Bytes.takeOver(iterator.key()), Bytes.takeOver(iterator.value())));
      }
      Database.check(iterator);
      return rows;
    }
  }

  /** One raw row. */
  record Row(Bytes key, Bytes value) {}
}
