package org.kvstore.server.store;

/**
 * Figures of one store, or of several together, at one moment. Counters count from the opening of
 * the database.
 *
 * @param revision newest published revision
 * @param compactedRevision revisions below it can no longer be read
 * @param keys estimated number of keys
 * @param tableBytes size of the table files
 * @param walSyncs fsyncs of the write-ahead log
 * @param walWrittenBytes bytes written to the write-ahead log
 * @param walBytes size of the write-ahead log files
 * @param usedBytes size of log and live tables, which a quota is about
 * @param entryCacheHits look-ups that the cache of entries answered
 * @param entryCacheMisses look-ups that it did not
 * @param cacheHits look-ups that the block cache answered
 * @param cacheMisses look-ups that it did not
 * @param cacheBytes native memory that the block cache holds, memtables included
 * @param memtableBytes native memory of the memtables
 * @param tableReaderBytes native memory of open table files outside the cache
 * @param compactionDebtBytes bytes that compaction still has to rewrite
 * @param level0Files table files that are not yet merged into levels, of the table with most
 * @param stallMicros time for which writes were held back as compaction was behind
 * @param stopped whether writes are held back entirely right now
 * @param delayedWriteRate bytes a second that writes are held back to right now; 0 for no limit
 * @param backgroundErrors flushes and compactions that failed
 * @param pinnedViews reads of several steps under way
 */
public record StoreStatistics(
    long revision,
    long compactedRevision,
    long keys,
    long tableBytes,
    long walSyncs,
    long walWrittenBytes,
    long walBytes,
    long usedBytes,
    long entryCacheHits,
    long entryCacheMisses,
    long cacheHits,
    long cacheMisses,
    long cacheBytes,
    long memtableBytes,
    long tableReaderBytes,
    long compactionDebtBytes,
    long level0Files,
    long stallMicros,
    boolean stopped,
    long delayedWriteRate,
    long backgroundErrors,
    int pinnedViews) {

  /** Those of two stores together; of levels and rates, that of the store that has most of it. */
  public StoreStatistics plus(StoreStatistics other) {
    return new StoreStatistics(
        revision + other.revision,
        compactedRevision + other.compactedRevision,
        keys + other.keys,
        tableBytes + other.tableBytes,
        walSyncs + other.walSyncs,
        walWrittenBytes + other.walWrittenBytes,
        walBytes + other.walBytes,
        usedBytes + other.usedBytes,
        entryCacheHits + other.entryCacheHits,
        entryCacheMisses + other.entryCacheMisses,
        cacheHits + other.cacheHits,
        cacheMisses + other.cacheMisses,
        cacheBytes + other.cacheBytes,
        memtableBytes + other.memtableBytes,
        tableReaderBytes + other.tableReaderBytes,
        compactionDebtBytes + other.compactionDebtBytes,
        Math.max(level0Files, other.level0Files),
        stallMicros + other.stallMicros,
        stopped || other.stopped,
        Math.max(delayedWriteRate, other.delayedWriteRate),
        backgroundErrors + other.backgroundErrors,
        pinnedViews + other.pinnedViews);
  }
}
