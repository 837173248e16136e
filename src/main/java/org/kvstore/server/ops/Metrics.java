package org.kvstore.server.ops;

import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.math.BigDecimal;
import java.util.List;
import java.util.Optional;
import org.kvstore.server.model.Histogram;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.replication.DiskSpace;
import org.kvstore.server.security.AuditLog;
import org.kvstore.server.service.BackupService;
import org.kvstore.server.service.Engine;
import org.kvstore.server.service.EngineHandle;
import org.kvstore.server.shard.RaftReplication;
import org.kvstore.server.shard.Shard;
import org.kvstore.server.shard.Shards;
import org.kvstore.server.store.Store;
import org.kvstore.server.store.StoreStatistics;
import org.kvstore.server.store.WatchHub;

/**
 * The page that a scraper reads (src/docs/decisions/0014-metrics-and-traces.md). Everything is read
 * when it is asked for, the figures of the database once for the whole page. While there is no
 * database to ask, at a shutdown or a recovery, its figures are missing.
 */
@Singleton
public class Metrics {
  /** What the page is written in. */
  public static final String MEDIA_TYPE = Exposition.MEDIA_TYPE;

  private static final int MILLIS = 3;
  private static final int MICROS = 6;
  private static final int NANOS = 9;

  private final EngineHandle handle;
  private final BackupService backups;
  private final RequestMetrics requests;
  private final AuditLog audit;

  @Inject
  public Metrics(
      EngineHandle handle, BackupService backups, RequestMetrics requests, AuditLog audit) {
    this.handle = handle;
    this.backups = backups;
    this.requests = requests;
    this.audit = audit;
  }

  /** All metrics as of now. */
  public String page() {
    Exposition out = new Exposition();
    requests.write(out);
    Optional<StoreStatistics> statistics =
        handle.engine().flatMap(engine -> statistics(engine.shards()));
    out.gauge(
        "kvstore_store_open",
        "1 while the store can be read, else 0.",
        statistics.isPresent() ? 1 : 0);
    handle.engine().ifPresent(engine -> engine(engine, out));
    statistics.ifPresent(figures -> store(figures, out));
    logs(statistics, out);
    backups(out);
    audit(out);
    ProcessMetrics.write(out);
    return out.toString();
  }

  /** A node's stores have no log of their own, but a replicated one. */
  private void logs(Optional<StoreStatistics> statistics, Exposition out) {
    Optional<RaftReplication> cluster =
        handle.engine().flatMap(engine -> engine.shards().cluster());
    cluster.ifPresent(replication -> ClusterMetrics.write(replication, out));
    if (cluster.isEmpty()) {
      handle.engine().ifPresent(engine -> syncs(engine, out));
      statistics.ifPresent(figures -> log(figures, out));
    }
  }

  private static void syncs(Engine engine, Exposition out) {
    out.histogram(
        "kvstore_wal_sync_duration_seconds",
        "To write a group to the log and fsync it.",
        Histogram.total(engine.shards().stores().stream().map(Store::syncs).toList()));
  }

  private static void log(StoreStatistics figures, Exposition out) {
    out.gauge("kvstore_wal_bytes", "Size of the write-ahead log.", figures.walBytes());
    out.counter("kvstore_wal_syncs_total", "fsyncs of that log.", figures.walSyncs());
    out.counter(
        "kvstore_wal_written_bytes_total", "Bytes written to that log.", figures.walWrittenBytes());
  }

  private void audit(Exposition out) {
    out.gauge(
        "kvstore_audit_failing",
        "1 while the audit log cannot be written, as of its newest line, else 0.",
        audit.isFailing() ? 1 : 0);
    out.counter(
        "kvstore_audit_lines_lost_total",
        "Lines of the audit log that could not be written.",
        audit.lost());
  }

  private void backups(Exposition out) {
    BackupService.LastBackup last = backups.lastBackup();
    out.gauge(
        "kvstore_last_backup_timestamp_seconds",
        "When the newest backup was complete; 0 before the first since the start.",
        last.at() / 1_000);
    out.gauge("kvstore_last_backup_revision", "What it shows.", last.revision());
    out.gauge(
        "kvstore_last_backup_duration_seconds",
        "How long it took.",
        BigDecimal.valueOf(last.millis(), MILLIS));
  }

  private static Optional<StoreStatistics> statistics(Shards shards) {
    try {
      return Optional.of(shards.statistics());
    } catch (KeyValueException notReadable) {
      return Optional.empty();
    }
  }

  private static void engine(Engine engine, Exposition out) {
    writes(engine, out);
    overload(engine, out);
    out.gauge("kvstore_held_requests", "Requests held by Prefer: wait.", engine.held());
    List<WatchHub> hubs = engine.shards().all().stream().map(Shard::watches).toList();
    out.gauge(
        "kvstore_watches", "Watches that are open.", hubs.stream().mapToInt(WatchHub::count).sum());
    out.gauge(
        "kvstore_watches_slow",
        "Watches whose readers are behind.",
        hubs.stream().mapToLong(WatchHub::slow).sum());
    out.gauge(
        "kvstore_watch_lag_revisions",
        "How far the slowest watch is behind.",
        hubs.stream().mapToLong(WatchHub::lag).max().orElse(0));
    disk(engine.disk(), out);
  }

  private static void overload(Engine engine, Exposition out) {
    out.gauge(
        "kvstore_overloaded",
        "1 while requests are refused, as more come than can be answered, else 0.",
        engine.isOverloaded() ? 1 : 0);
    out.gauge(
        "kvstore_request_queue_seconds",
        "How long a request waits for a thread now.",
        BigDecimal.valueOf(engine.poolDelayNanos(), NANOS));
    String refused = "kvstore_requests_refused_total";
    out.begin("counter", refused, "Requests refused under overload, by what they would wait for.")
        .sample(refused, "reason=\"pool\"", Long.toString(engine.refusedForPool()))
        .sample(refused, "reason=\"pages\"", Long.toString(engine.refusedForPages()))
        .sample(refused, "reason=\"committer\"", Long.toString(engine.refusedForCommitter()));
  }

  private static void writes(Engine engine, Exposition out) {
    Shards shards = engine.shards();
    Histogram groupSizes = shards.total(shard -> shard.replicator().groupSizes());
    out.counter(
        "kvstore_writes_acknowledged_total", "Writes answered with an outcome.", groupSizes.sum());
    out.counter(
        "kvstore_commits_total",
        "Groups of writes committed: one fsync each, but on a node of a cluster.",
        groupSizes.count());
    out.histogram(
        "kvstore_commit_duration_seconds",
        "From the submission of a write to its acknowledgement.",
        shards.total(shard -> shard.replicator().commits()));
    out.histogram("kvstore_commit_group_writes", "Writes in a group.", groupSizes);
    out.gauge(
        "kvstore_write_queue_depth", "Writes that wait for the committer.", shards.queueDepth());
    out.gauge("kvstore_write_queue_bytes", "Bytes that they hold.", shards.queueBytes());
    out.gauge(
        "kvstore_write_queue_capacity",
        "Writes that may wait; more are refused.",
        engine.limits().pendingWrites());
    out.gauge(
        "kvstore_write_queue_capacity_bytes",
        "Bytes that they may hold.",
        engine.limits().pendingBytes());
  }

  private static void disk(DiskSpace disk, Exposition out) {
    out.gauge("kvstore_disk_floor_bytes", "Free space below which puts are refused.", disk.floor());
    out.gauge(
        "kvstore_quota_bytes",
        "What log and tables may take; 0 for no quota.",
        disk.quota().bytes());
    try {
      out.gauge("kvstore_disk_free_bytes", "Free space of the data's disk.", disk.freeBytes());
      out.gauge(
          "kvstore_storage_full",
          "1 while puts are refused for want of room, otherwise 0.",
          disk.isFull() ? 1 : 0);
    } catch (KeyValueException unknown) {
      // It is missing.
    }
  }

  private static void store(StoreStatistics figures, Exposition out) {
    out.gauge(
        "kvstore_revision",
        "Newest revision; on a node of a cluster, the sum over the shards here.",
        figures.revision());
    out.gauge(
        "kvstore_compacted_revision",
        "Oldest revision to read; the sum in the same way.",
        figures.compactedRevision());
    out.gauge("kvstore_keys", "Estimated number of keys.", figures.keys());
    out.gauge("kvstore_table_bytes", "Size of the table files.", figures.tableBytes());
    out.gauge("kvstore_used_bytes", "Size of log and tables, for the quota.", figures.usedBytes());
    out.gauge("kvstore_pinned_views", "Reads of several steps under way.", figures.pinnedViews());
    caches(figures, out);
    compaction(figures, out);
  }

  private static void caches(StoreStatistics figures, Exposition out) {
    out.counter(
        "kvstore_entry_cache_hits_total",
        "Look-ups that the cache of entries answered.",
        figures.entryCacheHits());
    out.counter(
        "kvstore_entry_cache_misses_total",
        "Look-ups that it did not.",
        figures.entryCacheMisses());
    out.counter(
        "kvstore_cache_hits_total", "Look-ups that the block cache answered.", figures.cacheHits());
    out.counter("kvstore_cache_misses_total", "Look-ups that it did not.", figures.cacheMisses());
    out.gauge(
        "kvstore_cache_bytes",
        "Native memory of the block cache, memtables included.",
        figures.cacheBytes());
    out.gauge("kvstore_memtable_bytes", "Native memory of memtables.", figures.memtableBytes());
    out.gauge(
        "kvstore_table_reader_bytes",
        "Native memory of open table files outside the cache.",
        figures.tableReaderBytes());
  }

  private static void compaction(StoreStatistics figures, Exposition out) {
    out.gauge(
        "kvstore_compaction_debt_bytes",
        "Bytes that compaction still has to rewrite.",
        figures.compactionDebtBytes());
    out.gauge(
        "kvstore_level0_files",
        "Table files not yet merged into levels, of the table with most.",
        figures.level0Files());
    out.counter(
        "kvstore_write_stall_seconds_total",
        "Time for which compaction held back writes.",
        BigDecimal.valueOf(figures.stallMicros(), MICROS));
    out.gauge(
        "kvstore_writes_stopped",
        "1 while compaction holds back all writes, else 0.",
        figures.stopped() ? 1 : 0);
    out.gauge(
        "kvstore_delayed_write_rate_bytes",
        "Bytes a second that compaction holds writes back to; 0 for no limit.",
        figures.delayedWriteRate());
    out.gauge(
        "kvstore_background_errors",
        "Flushes and compactions that failed since the database was opened.",
        figures.backgroundErrors());
  }
}
