package org.kvstore.server.store;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.stream.Stream;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.crypto.DataKey;
import org.kvstore.server.crypto.EncryptionKeys;
import org.kvstore.server.model.KeyValueException;
import org.rocksdb.RocksDBException;
import org.rocksdb.WriteBatch;

/**
 * The copy of a database, before a store goes on from it. The store that it was copied from has
 * gone on too: it has given out revisions and leases that the copy does not know of, perhaps from
 * another machine. So may have a store that was restored from the same copy before. {@link
 * #renumber} makes the copy begin far above them all, without a past, so that no entity tag,
 * cursor, position or lease from after the copying can match again.
 */
public final class DatabaseCopy implements AutoCloseable {
  /** More than a store gives out between two copies. */
  static final long JUMP = 1L << 32;

  /** More than a store gives out in a second. What began earlier began so much further below. */
  static final long SECOND = 1L << 20;

  private static final long CACHE_BYTES = 16L << 20;
  private static final long BUFFER_BYTES = 8L << 20;
  private static final int OPEN_FILES = 100;

  /** By how much a row of the log becomes longer at the most, when it is encrypted in a table. */
  private static final int LOG_GROWTH = 8;

  private final Database database;

  private DatabaseCopy(Database database) {
    this.database = database;
  }

  /**
   * Has a copy that {@link Store#copyTo} made begin above everything that its store gives out from
   * now on, so that a server can be started on it.
   *
   * @param now milliseconds since the epoch
   */
  public static void detach(Path directory, long now) {
    try (DatabaseCopy copy = open(directory)) {
      copy.renumber(0, 0, now);
    }
  }

  /**
   * Opens a copy that came from elsewhere and reads everything in it that has a checksum. With
   * keys, one that is in clear is encrypted on the way.
   *
   * @param expected the revision that it is said to show
   * @throws KeyValueException REQUEST_INVALID when it is not a whole database, or encrypted with a
   *     key that is not among the given ones
   */
  static DatabaseCopy openChecked(Path directory, long expected, EncryptionKeys keys) {
    DatabaseCopy copy;
    try {
      copy = open(directory);
    } catch (KeyValueException e) {
      throw e.code() == ErrorCode.STORAGE_FULL ? e : notADatabase(e);
    }
    try {
      copy.database.verifyChecksums();
      if (copy.database.number(Staging.REVISION) != expected) {
        throw KeyValueException.invalid("body", "The archive is not of the revision that it says.");
      }
      return copy.underKeyOf(keys, directory);
    } catch (RocksDBException e) {
      copy.close();
      throw notADatabase(e);
    } catch (RuntimeException e) {
      copy.close();
      throw e;
    }
  }

  /**
   * Makes sure that a copy that came from elsewhere is whole, and one that a store with such keys
   * can be opened on: reads everything in it that has a checksum, and encrypts it when there are
   * keys.
   *
   * @param expected the revision that it is said to show
   * @throws KeyValueException REQUEST_INVALID when it is not
   */
  public static void check(Path directory, long expected, EncryptionKeys keys) {
    openChecked(directory, expected, keys).close();
  }

  private static KeyValueException locked(String whatIsWrong, String whatToDo) {
    return KeyValueException.invalid(
        "body", "The database in the archive %s. %s.".formatted(whatIsWrong, whatToDo));
  }

  /** The same in the way in which this server keeps its data. */
  private DatabaseCopy underKeyOf(EncryptionKeys keys, Path directory) {
    DataKey dataKey = database.unlock(keys, DatabaseCopy::locked);
    if (dataKey != null) {
      KeyRow.renew(database, dataKey, keys);
      return this;
    }
    return keys.isEmpty() ? this : encrypted(directory, keys);
  }

  /** Writes all of it anew, encrypted, and opens that in its place. */
  private DatabaseCopy encrypted(Path directory, EncryptionKeys keys) {
    Path sealed = directory.resolveSibling(directory.getFileName() + ".sealed");
    try (Database target = Database.open(sealed, options(sealed).with(keys), true)) {
      new Reencryption(database, target).run();
    } catch (RuntimeException e) {
      DataDirectory.discard(sealed);
      throw e;
    }
    database.close();
    DataDirectory.discard(directory);
    try {
      Files.move(sealed, directory, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw KeyValueException.of(ErrorCode.INTERNAL, "The copy could not be encrypted.")
          .withCause(e);
    }
    return open(directory);
  }

  /**
   * Room on the disk that it takes to encrypt a copy in clear, while that is there too: bytes, at
   * the most. Ciphertext cannot be compressed, so it is what the rows take by themselves; and twice
   * that, as a compaction has both the tables that it reads and those that it writes.
   *
   * @throws KeyValueException REQUEST_INVALID when its files cannot be read
   */
  public static long bytesToEncrypt(Path directory) {
    try (Stream<Path> files = Files.list(directory)) {
      long bytes = 2 * BUFFER_BYTES;
      for (Path file : files.toList()) {
        boolean isTable = String.valueOf(file.getFileName()).endsWith(".sst");
        bytes += isTable ? TableFile.clearBytes(file, Rows.SEAL) : LOG_GROWTH * Files.size(file);
      }
      return 2 * bytes;
    } catch (RocksDBException e) {
      throw notADatabase(e);
    } catch (IOException e) {
      throw KeyValueException.of(ErrorCode.INTERNAL, "The copy cannot be read.").withCause(e);
    }
  }

  private static KeyValueException notADatabase(Exception cause) {
    return KeyValueException.invalid("body", "The archive does not contain a whole database.")
        .withCause(cause);
  }

  private static DatabaseCopy open(Path directory) {
    try {
      return new DatabaseCopy(Database.openCopy(directory, options(directory)));
    } catch (KeyValueException e) {
      ErrorCode code =
          Database.isDiskFull(e.getCause()) ? ErrorCode.STORAGE_FULL : ErrorCode.INTERNAL;
      throw KeyValueException.of(code, "The copy cannot be opened.").withCause(e);
    }
  }

  private static StoreOptions options(Path directory) {
    return new StoreOptions(directory, CACHE_BYTES, BUFFER_BYTES, 0, OPEN_FILES, 0);
  }

  /**
   * The revision of a copy that RocksDB has just made. A batch is in the copy or not, and the row
   * of the revision goes with each: so this is the one that all of it shows.
   *
   * <p>It is opened for writing, so its log becomes a table, and whether it can be opened is known.
   * Opened for reading alone, RocksDB 11.8 crashes on a log that its manifest knows of.
   */
  static long revisionOf(Path directory) {
    try (DatabaseCopy copy = open(directory)) {
      return copy.database.number(Staging.REVISION);
    }
  }

  /**
   * Begins anew above what is known to have been given out; durable.
   *
   * @param revision newest revision known, of any store that this takes the place of
   * @param lease newest lease known
   * @param now milliseconds since the epoch
   * @return the revision that it shows now
   * @throws KeyValueException REQUEST_INVALID when there is none so far above those of the copy
   */
  long renumber(long revision, long lease, long now) {
    long next = above(revision, Staging.REVISION, now);
    long nextLease = above(lease, StagedLeases.LAST_LEASE, now);
    StagedBatch rows = new StagedBatch(database);
    rows.put(Table.META, Staging.REVISION, number(next));
    rows.put(Table.META, Staging.COMPACTED, number(next));
    rows.put(Table.META, StagedLeases.LAST_LEASE, number(nextLease));
    try (WriteBatch batch = rows.toWriteBatch()) {
      database.write(batch);
      return next;
    } catch (RocksDBException e) {
      throw Database.writeFailure(e);
    }
  }

  private long above(long known, byte[] name, long now) {
    long copied = database.number(name);
    if (copied < 0 || copied > Long.MAX_VALUE - JUMP) {
      throw KeyValueException.invalid("body", "The archive counts further than a store can.");
    }
    return Math.max(now / 1_000 * SECOND, Math.max(known, copied)) + JUMP;
  }

  @Override
  public void close() {
    database.close();
  }

  private static byte[] number(long value) {
    return new Encoder(Long.BYTES).fixed64(value).toArray();
  }
}
