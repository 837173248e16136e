package org.kvstore.server.store;

/**
 * Figures of one store at one moment. Counters count from the opening of the database.
 *
 * @param revision newest published revision
 * @param compactedRevision revisions below it can no longer be read
 * @param keys estimated number of keys
 * @param tableBytes size of the table files
 * @param walSyncs fsyncs of the write-ahead log
 * @param walWrittenBytes bytes written to the write-ahead log
 * @param walBytes size of the write-ahead log files
 * @param entryCacheHits look-ups that the cache of entries answered
 * @param entryCacheMisses look-ups that it did not
 * @param cacheHits look-ups that the block cache answered
 * @param cacheMisses look-ups that it did not
 * @param cacheBytes native memory that the block cache holds, memtables included
 * @param memtableBytes native memory of the memtables
 * @param tableReaderBytes native memory of open table files outside the cache
 * @param compactionDebtBytes bytes that compaction still has to rewrite
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
    long entryCacheHits,
    long entryCacheMisses,
    long cacheHits,
    long cacheMisses,
    long cacheBytes,
    long memtableBytes,
    long tableReaderBytes,
    long compactionDebtBytes,
    int pinnedViews) {}
