package org.kvstore.server.store;

import java.util.Properties;
import org.rocksdb.BlockBasedTableConfig;
import org.rocksdb.BloomFilter;
import org.rocksdb.Cache;
import org.rocksdb.ColumnFamilyOptions;
import org.rocksdb.CompressionType;
import org.rocksdb.DBOptions;
import org.rocksdb.InfoLogLevel;
import org.rocksdb.Statistics;
import org.rocksdb.WALRecoveryMode;
import org.rocksdb.WriteBufferManager;

/** The settings of RocksDB that differ from its own, and why. */
final class DatabaseSettings {
  /** A log that is missing, or shorter than it was when it was closed, is found at open. */
  private static final Properties VERIFIED_LOGS = new Properties();

  /** An insert into a memtable begins where the one before it was: batches come sorted. */
  private static final Properties SORTED_INSERTS = new Properties();

  static {
    VERIFIED_LOGS.setProperty("track_and_verify_wals_in_manifest", "true");
    SORTED_INSERTS.setProperty("memtable_insert_with_hint_prefix_extractor", "fixed:0");
  }

  private static final long MOST_ARENA_BLOCK = 1 << 20;

  private final StoreOptions options;
  private final NativeObjects natives;
  private final Cache cache;

  /**
   * @param natives what is made here belongs to them
   * @param cache of the blocks of tables
   */
  DatabaseSettings(StoreOptions options, NativeObjects natives, Cache cache) {
    this.options = options;
    this.natives = natives;
    this.cache = cache;
  }

  /** Of the whole database. */
  DBOptions database(boolean create, Statistics statistics) {
    return natives
        .own(DBOptions.getDBOptionsFromProps(VERIFIED_LOGS))
        .setCreateIfMissing(create)
        .setCreateMissingColumnFamilies(create)
        .setMaxOpenFiles(options.openFiles())
        .setMaxBackgroundJobs(2)
        .setBytesPerSync(1 << 20)
        // There is one committer: memtables need no concurrent inserts, and rows in order are fast.
        .setAllowConcurrentMemtableWrite(false)
        .setMaxTotalWalSize(2 * options.writeBufferBytes())
        // Without a log, a crash must find all tables as of one batch.
        .setAtomicFlush(options.replicated())
        .setWriteBufferManager(
            natives.own(new WriteBufferManager(options.writeBufferBytes(), cache)))
        // A torn record at the end of the log was never acknowledged; LogCheck refuses any other.
        .setWalRecoveryMode(WALRecoveryMode.PointInTimeRecovery)
        .setStatistics(statistics)
        .setInfoLogLevel(InfoLogLevel.WARN_LEVEL)
        .setMaxLogFileSize(8 << 20)
        .setKeepLogFileNum(4);
  }

  /** Of one table. */
  ColumnFamilyOptions family(Table table) {
    BlockBasedTableConfig blocks =
        new BlockBasedTableConfig()
            .setBlockCache(cache)
            .setCacheIndexAndFilterBlocks(true)
            .setCacheIndexAndFilterBlocksWithHighPriority(true)
            .setPinL0FilterAndIndexBlocksInCache(true)
            .setBlockSize(8 << 10);
    if (table == Table.CURRENT || table == Table.REQUESTS) {
      blocks.setFilterPolicy(natives.own(new BloomFilter(10)));
    }
    boolean isHistory = table == Table.CHANGES || table == Table.VERSIONS;
    return natives
        .own(ColumnFamilyOptions.getColumnFamilyOptionsFromProps(SORTED_INSERTS))
        .setTableFormatConfig(blocks)
        .setWriteBufferSize(32 << 20)
        .setArenaBlockSize(arenaBlock(options.writeBufferBytes()))
        .setMaxWriteBufferNumber(3)
        .setLevelCompactionDynamicLevelBytes(true)
        // History is written far more than read: it is merged in larger steps.
        .setLevel0FileNumCompactionTrigger(isHistory ? 12 : 4)
        .setCompressionType(CompressionType.LZ4_COMPRESSION)
        .setBottommostCompressionType(CompressionType.LZ4_COMPRESSION);
  }

  /**
   * A memtable takes memory in blocks of so many bytes, the first one with its first row. With one
   * for each table they are to be a small part of the buffer: else few rows fill it, and it is
   * flushed again and again.
   */
  private static long arenaBlock(long writeBufferBytes) {
    return Math.min(MOST_ARENA_BLOCK, writeBufferBytes / (8L * Table.values().length));
  }
}
