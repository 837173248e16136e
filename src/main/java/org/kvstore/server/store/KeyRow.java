package org.kvstore.server.store;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import org.jspecify.annotations.Nullable;
import org.kvstore.server.crypto.DataKey;
import org.kvstore.server.crypto.EncryptionKeys;
import org.kvstore.server.crypto.MasterKey;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.KeyValueException;
import org.rocksdb.RocksDBException;
import org.rocksdb.WriteBatch;

/**
 * The row of the table META that makes a database an encrypted one: its data key, itself encrypted
 * with a key of the operator. It is made with the database, and goes with each copy of it.
 */
final class KeyRow {
  private static final Logger LOG = System.getLogger(KeyRow.class.getName());
  static final byte[] NAME = Bytes.ofUtf8("key").toArray();

  private KeyRow() {}

  /** How a database that cannot be read is refused. */
  @FunctionalInterface
  interface Refusal {
    KeyValueException of(String whatIsWrong, String whatToDo);
  }

  static byte @Nullable [] stored(Database database) {
    return database.get(Table.META, database.newest(), NAME);
  }

  /** The id of the operator's key that a database is encrypted with; empty when it is in clear. */
  static String masterOf(Database database) {
    byte[] row = stored(database);
    return row == null ? "" : DataKey.masterOf(row);
  }

  /** Makes a database that is new an encrypted one, if there is a key. */
  static @Nullable DataKey create(Database database, EncryptionKeys keys) {
    if (keys.isEmpty()) {
      return null;
    }
    DataKey dataKey = DataKey.random();
    write(database, dataKey.wrapped(keys.first()));
    return dataKey;
  }

  /** The data key of a database; null when it is not encrypted. */
  static @Nullable DataKey read(Database database, EncryptionKeys keys, Refusal refusal) {
    byte[] row = stored(database);
    if (row == null) {
      return null;
    }
    String id = DataKey.masterOf(row);
    MasterKey master =
        keys.find(id).orElseThrow(() -> refusal.of(keys.missing(id), EncryptionKeys.ADVICE));
    DataKey dataKey = DataKey.unwrap(row, master);
    if (dataKey == null) {
      throw refusal.of("has a data key that was altered", "Use a backup");
    }
    return dataKey;
  }

  /** Encrypts the data key with the first of the operator's keys, if it is not already. */
  static void renew(Database database, DataKey dataKey, EncryptionKeys keys) {
    byte[] row = stored(database);
    String first = keys.first().id();
    if (row != null && !DataKey.masterOf(row).equals(first)) {
      write(database, dataKey.wrapped(keys.first()));
      // Whoever has the former key is not to find what it opens in a later copy of the files.
      database.rewrite(Table.META);
      LOG.log(
          Level.INFO,
          "The data key is encrypted with another key now. from={0} to={1}",
          DataKey.masterOf(row),
          first);
    }
  }

  private static void write(Database database, byte[] wrapped) {
    StagedBatch rows = new StagedBatch(database);
    rows.put(Table.META, NAME, wrapped);
    try (WriteBatch batch = rows.toWriteBatch()) {
      database.write(batch);
    } catch (RocksDBException e) {
      throw Database.writeFailure(e);
    }
  }
}
