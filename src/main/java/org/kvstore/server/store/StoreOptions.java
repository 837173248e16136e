package org.kvstore.server.store;

import java.nio.file.Path;
import org.kvstore.server.crypto.EncryptionKeys;
import org.kvstore.server.model.ShardNumber;

/**
 * How a store is opened. One with a replicated log has no log of its own: what was written since
 * the tables were made durable is gone after a crash, and comes again from there. Native memory is
 * bounded by {@code cacheBytes} plus what open files and running reads pin: memtables, index and
 * filter blocks are all charged to the cache.
 *
 * @param directory data directory; made when missing
 * @param cacheBytes size of the LRU block cache, memtables included: bytes
 * @param writeBufferBytes part of it that memtables may take: bytes
 * @param entryCacheBytes size of the cache of decoded entries, on the heap: bytes; 0 for none
 * @param openFiles table files kept open at the most
 * @param freeDiskFloor free space of the disk below which writes are refused: bytes
 * @param keys what values are encrypted with; none for values in clear
 * @param replicated whether a replicated log stands in for the store's own
 * @param shard which of all shards it is
 */
public record StoreOptions(
    Path directory,
    long cacheBytes,
    long writeBufferBytes,
    long entryCacheBytes,
    int openFiles,
    long freeDiskFloor,
    EncryptionKeys keys,
    boolean replicated,
    ShardNumber shard) {

  private static final long LEAST_CACHE = 8L << 20;
  private static final int LEAST_FILES = 50;

  /** Of the only shard. */
  public StoreOptions(
      Path directory,
      long cacheBytes,
      long writeBufferBytes,
      long entryCacheBytes,
      int openFiles,
      long freeDiskFloor,
      EncryptionKeys keys,
      boolean replicated) {
    this(
        directory,
        cacheBytes,
        writeBufferBytes,
        entryCacheBytes,
        openFiles,
        freeDiskFloor,
        keys,
        replicated,
        ShardNumber.ONLY);
  }

  /** Of the only shard, without encryption, with a log of its own. */
  public StoreOptions(
      Path directory,
      long cacheBytes,
      long writeBufferBytes,
      long entryCacheBytes,
      int openFiles,
      long freeDiskFloor) {
    this(
        directory,
        cacheBytes,
        writeBufferBytes,
        entryCacheBytes,
        openFiles,
        freeDiskFloor,
        EncryptionKeys.NONE,
        false);
  }

  /**
   * The usual options: 128 MiB of cache, half of it for memtables, 64 MiB of entries, a floor of
   * 256 MiB.
   */
  public static StoreOptions defaults(Path directory) {
    return new StoreOptions(directory, 128L << 20, 64L << 20, 64L << 20, 500, 256L << 20);
  }

  /** The same options for another directory. */
  public StoreOptions in(Path other) {
    return new StoreOptions(
        other,
        cacheBytes,
        writeBufferBytes,
        entryCacheBytes,
        openFiles,
        freeDiskFloor,
        keys,
        replicated,
        shard);
  }

  /** The options of each of several stores that share what one would take of memory and files. */
  public StoreOptions sharedBy(int stores) {
    return new StoreOptions(
        directory,
        Math.max(cacheBytes / stores, LEAST_CACHE),
        Math.max(writeBufferBytes / stores, LEAST_CACHE / 2),
        entryCacheBytes / stores,
        Math.max(openFiles / stores, LEAST_FILES),
        freeDiskFloor,
        keys,
        replicated,
        shard);
  }

  /** The same options for a store whose log is replicated. */
  public StoreOptions withReplicatedLog() {
    return new StoreOptions(
        directory,
        cacheBytes,
        writeBufferBytes,
        entryCacheBytes,
        openFiles,
        freeDiskFloor,
        keys,
        true,
        shard);
  }

  /** The same options for one of several shards. */
  public StoreOptions of(ShardNumber which) {
    return new StoreOptions(
        directory,
        cacheBytes,
        writeBufferBytes,
        entryCacheBytes,
        openFiles,
        freeDiskFloor,
        keys,
        replicated,
        which);
  }

  /** The same options with other keys. */
  public StoreOptions with(EncryptionKeys others) {
    return new StoreOptions(
        directory,
        cacheBytes,
        writeBufferBytes,
        entryCacheBytes,
        openFiles,
        freeDiskFloor,
        others,
        replicated,
        shard);
  }
}
