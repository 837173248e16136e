package org.kvstore.server.store;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.crypto.DataKey;
import org.kvstore.server.crypto.EncryptionKeys;
import org.kvstore.server.model.KeyValueException;
import org.rocksdb.Cache;
import org.rocksdb.Checkpoint;
import org.rocksdb.ColumnFamilyDescriptor;
import org.rocksdb.ColumnFamilyHandle;
import org.rocksdb.CompactRangeOptions;
import org.rocksdb.CompactRangeOptions.BottommostLevelCompaction;
import org.rocksdb.DBOptions;
import org.rocksdb.FlushOptions;
import org.rocksdb.HistogramType;
import org.rocksdb.LRUCache;
import org.rocksdb.LiveFileMetaData;
import org.rocksdb.ReadOptions;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;
import org.rocksdb.Snapshot;
import org.rocksdb.Statistics;
import org.rocksdb.StatsLevel;
import org.rocksdb.Status;
import org.rocksdb.TickerType;
import org.rocksdb.WriteBatch;
import org.rocksdb.WriteOptions;

/**
 * One open RocksDB database and every native object that belongs to it.
 *
 * <p>It has no lock of its own. Using it after {@link #close} kills the process, so whoever owns it
 * makes sure that no call is under way and none follows.
 */
final class Database implements AutoCloseable {
  static {
    RocksDB.loadLibrary();
  }

  private static final Pattern TABLE_FILE = Pattern.compile("[0-9]+\\.sst");

  private final NativeObjects natives = new NativeObjects();
  private final List<ColumnFamilyHandle> handles = new ArrayList<>();
  private final int[] familyIds = new int[Table.values().length];
  private final Path directory;
  private final Cache cache;
  private final Statistics statistics;
  private final WriteOptions durably;
  private final ReadOptions newest;
  private final CompactRangeOptions reclaiming;
  private final RocksDB rocks;
  private @Nullable DataKey dataKey;

  private enum Mode {
    EXISTING,
    NEW,
    READ_ONLY,
    COPY
  }

  private Database(Path directory, StoreOptions options, Mode mode) throws RocksDBException {
    this.directory = directory;
    try {
      cache = natives.own(new LRUCache(options.cacheBytes(), -1, false, 0.2));
      statistics = natives.own(new Statistics(EnumSet.allOf(HistogramType.class)));
      statistics.setStatsLevel(StatsLevel.EXCEPT_DETAILED_TIMERS);
      durably =
          natives.own(
              options.replicated()
                  ? new WriteOptions().setDisableWAL(true)
                  : new WriteOptions().setSync(true));
      newest = natives.own(new ReadOptions());
      reclaiming = natives.own(new CompactRangeOptions());
      reclaiming.setCanceled(false).setExclusiveManualCompaction(false);
      DatabaseSettings settings = new DatabaseSettings(options, natives, cache);
      DBOptions databaseOptions = settings.database(mode == Mode.NEW, statistics);
      List<ColumnFamilyDescriptor> families = new ArrayList<>();
      for (Table table : Table.values()) {
        families.add(
            new ColumnFamilyDescriptor(
                table.familyName(),
                settings.family(table).setDisableAutoCompactions(mode == Mode.COPY)));
      }
      String path = directory.toString();
      rocks =
          natives.own(
              mode == Mode.READ_ONLY
                  ? RocksDB.openReadOnly(databaseOptions, path, families, handles)
                  : RocksDB.open(databaseOptions, path, families, handles));
      handles.forEach(natives::own);
      Arrays.setAll(familyIds, table -> handles.get(table).getID());
    } catch (RocksDBException | RuntimeException e) {
      close();
      throw e;
    }
  }

  /**
   * Opens a database, replaying its write-ahead log.
   *
   * @param create whether the directory is new, so that a database is to be made in it
   * @throws KeyValueException UNAVAILABLE, naming the file that is damaged; nothing was overwritten
   */
  static Database open(Path directory, StoreOptions options, boolean create) {
    return open(directory, options, create ? Mode.NEW : Mode.EXISTING);
  }

  /**
   * Opens a database to be read, without changing anything; its log is replayed in memory. An
   * encrypted one is yet to be unlocked.
   */
  static Database openReadOnly(Path directory, StoreOptions options) {
    return open(directory, options, Mode.READ_ONLY);
  }

  /**
   * Opens a copy for a moment, in which it does not begin to compact. An encrypted one is yet to be
   * unlocked.
   */
  static Database openCopy(Path directory, StoreOptions options) {
    return open(directory, options, Mode.COPY);
  }

  private static Database open(Path directory, StoreOptions options, Mode mode) {
    try {
      if (mode == Mode.NEW) {
        Files.createDirectories(directory);
      } else {
        requireCurrent(directory);
        LogCheck.requireIntact(directory);
      }
      return keyed(openIntact(directory, options, mode), options, mode);
    } catch (RocksDBException | IOException e) {
      throw DataDirectory.refusal(
          directory,
          "cannot be opened: " + e.getMessage() + " (the file LOG in it may say more)",
          "If it says that a file is corrupt or missing, restore the data directory from a backup",
          e);
    }
  }

  private static Database keyed(Database database, StoreOptions options, Mode mode) {
    try {
      if (mode == Mode.NEW) {
        database.dataKey = KeyRow.create(database, options.keys());
        database.flush();
      } else if (mode == Mode.EXISTING) {
        database.unlock(options.keys());
      }
      return database;
    } catch (RuntimeException e) {
      database.close();
      throw e;
    }
  }

  private void unlock(EncryptionKeys keys) {
    DataKey key =
        unlock(keys, (wrong, advice) -> DataDirectory.refusal(directory, wrong, advice, null));
    if (key != null) {
      KeyRow.renew(this, key, keys);
    } else if (!keys.isEmpty()) {
      throw DataDirectory.notEncrypted(directory);
    }
  }

  /**
   * Makes the values of an encrypted database readable.
   *
   * @return its data key; null when it is not encrypted
   * @throws KeyValueException as the refusal says, when the key is not among the given ones
   */
  @Nullable DataKey unlock(EncryptionKeys keys, KeyRow.Refusal refusal) {
    dataKey = KeyRow.read(this, keys, refusal);
    return dataKey;
  }

  private static Database openIntact(Path directory, StoreOptions options, Mode mode)
      throws RocksDBException, IOException {
    try {
      return new Database(directory, options, mode);
    } catch (RocksDBException e) {
      TableFile.requireReadable(directory);
      throw e;
    }
  }

  /** The file that every database has, and that names the others. */
  static void requireCurrent(Path directory) {
    Path current = directory.resolve("CURRENT");
    if (!Files.exists(current)) {
      throw DataDirectory.refusal(
          current,
          "is missing, so the database is damaged",
          "Restore the data directory from a backup",
          null);
    }
  }

  /** What its values are encrypted with; null when they are in clear. */
  @Nullable DataKey dataKey() {
    return dataKey;
  }

  /** Options of reads that see the newest state. */
  ReadOptions newest() {
    return newest;
  }

  byte @Nullable [] get(Table table, ReadOptions options, byte[] key) {
    try {
      return rocks.get(handle(table), options, key);
    } catch (RocksDBException e) {
      throw readFailure(e);
    }
  }

  /** The caller closes it, and checks it with {@link #check} once it has come to an end. */
  RocksIterator iterator(Table table, ReadOptions options) {
    return rocks.newIterator(handle(table), options);
  }

  /** Tells the end of an iteration from a failure of it. */
  static void check(RocksIterator iterator) {
    try {
      iterator.status();
    } catch (RocksDBException e) {
      throw readFailure(e);
    }
  }

  /**
   * Writes a batch: durable on return, and whole or absent after a crash. There is no other way to
   * write: {@link LogCheck} relies on each record of the log being synced before the next begins.
   * With a replicated log, only {@link #flush} makes it durable, and all batches before it.
   */
  void write(WriteBatch batch) throws RocksDBException {
    rocks.write(durably, batch);
  }

  /** Makes everything durable that was written, in the tables themselves. */
  void flush() {
    try (FlushOptions all = new FlushOptions().setWaitForFlush(true)) {
      rocks.flush(all, handles);
    } catch (RocksDBException e) {
      throw writeFailure(e);
    }
  }

  /**
   * Makes a copy that a database can be opened from: of table files by hard links, of the rest by
   * bytes. It is of one moment during the call, durable, and absent after a crash.
   *
   * @param target made by it; missing before
   */
  void checkpoint(Path target) {
    try (Checkpoint checkpoint = Checkpoint.create(rocks)) {
      checkpoint.createCheckpoint(target.toString());
    } catch (RocksDBException e) {
      throw failure(e, "The database could not be copied.");
    }
  }

  /** Reads every table file and checks it. */
  void verifyChecksums() throws RocksDBException {
    rocks.verifyChecksum();
  }

  /** A number of the table META; 0 when it has none of that name. */
  long number(byte[] name) {
    byte[] row = get(Table.META, newest, name);
    return row == null ? 0 : new Decoder(row).fixed64();
  }

  Snapshot snapshot() {
    return rocks.getSnapshot();
  }

  void release(Snapshot snapshot) {
    rocks.releaseSnapshot(snapshot);
  }

  ColumnFamilyHandle handle(Table table) {
    return handles.get(table.ordinal());
  }

  /** The number of a table's column family. */
  int family(Table table) {
    return familyIds[table.ordinal()];
  }

  long ticker(TickerType type) {
    return statistics.getTickerCount(type);
  }

  /** Size of the files of the write-ahead log. RocksDB would look at them under its own lock. */
  long logBytes() {
    try {
      long bytes = 0;
      for (Path log : LogCheck.logs(directory)) {
        bytes += size(log);
      }
      return bytes;
    } catch (IOException e) {
      throw KeyValueException.of(ErrorCode.INTERNAL, "The log cannot be looked at.").withCause(e);
    }
  }

  private static long size(Path file) throws IOException {
    try {
      return Files.size(file);
    } catch (NoSuchFileException notNeededAnyMore) {
      return 0;
    }
  }

  /** Rewrites a table without what was deleted; false when {@link #endReclaiming} ended it. */
  boolean reclaim(Table table) {
    try {
      rocks.compactRange(handle(table), null, null, reclaiming);
      return true;
    } catch (RocksDBException e) {
      if (e.getStatus() != null && e.getStatus().getCode() == Status.Code.Incomplete) {
        return false;
      }
      throw writeFailure(e);
    }
  }

  /**
   * Writes every row of a small table anew, so that no table file has a former version of one. What
   * {@link #reclaim} does is not enough: RocksDB moves a file as it is to the last level if it can.
   */
  void rewrite(Table table) {
    try (CompactRangeOptions all = new CompactRangeOptions()) {
      all.setBottommostLevelCompaction(BottommostLevelCompaction.kForce);
      rocks.compactRange(handle(table), null, null, all);
    } catch (RocksDBException e) {
      throw writeFailure(e);
    }
  }

  /** Ends what {@link #reclaim} does, and lets it do nothing from now on. */
  void endReclaiming() {
    reclaiming.setCanceled(true);
  }

  /** The table files that are in use. */
  List<LiveFileMetaData> files() {
    return rocks.getLiveFilesMetaData();
  }

  long cacheBytes() {
    return cache.getUsage();
  }

  /** A property that RocksDB knows as a number, for one table. */
  long property(Table table, String name) {
    try {
      return rocks.getLongProperty(handle(table), name);
    } catch (RocksDBException e) {
      throw readFailure(e);
    }
  }

  /** A property that RocksDB knows as a number, added up over all tables. */
  long total(String property) {
    long sum = 0;
    for (Table table : Table.values()) {
      sum += property(table, property);
    }
    return sum;
  }

  /** Files of level 0, of the table with most: too many of them hold back writes. */
  long level0Files() {
    try {
      long most = 0;
      for (ColumnFamilyHandle handle : handles) {
        String files = rocks.getProperty(handle, "rocksdb.num-files-at-level0");
        most = Math.max(most, Long.parseLong(files.strip()));
      }
      return most;
    } catch (RocksDBException e) {
      throw readFailure(e);
    }
  }

  @Override
  public void close() {
    natives.close();
  }

  static KeyValueException writeFailure(RocksDBException e) {
    return failure(e, "The database could not be written.");
  }

  /** Tells a full disk from what nobody expects. */
  private static KeyValueException failure(RocksDBException e, String detail) {
    ErrorCode code = isDiskFull(e) ? ErrorCode.STORAGE_FULL : ErrorCode.INTERNAL;
    return KeyValueException.of(code, detail).withCause(e);
  }

  /** Whether something failed as there was no room on the disk. */
  static boolean isDiskFull(@Nullable Throwable cause) {
    return cause instanceof RocksDBException e
        && e.getStatus() != null
        && e.getStatus().getSubCode() == Status.SubCode.NoSpace;
  }

  private static KeyValueException readFailure(RocksDBException e) {
    Matcher file = TABLE_FILE.matcher(String.valueOf(e.getMessage()));
    String detail =
        file.find()
            ? "The database could not be read: see its file %s.".formatted(file.group())
            : "The database could not be read. The command verify says which file is damaged.";
    return KeyValueException.of(ErrorCode.INTERNAL, detail).withCause(e);
  }
}
