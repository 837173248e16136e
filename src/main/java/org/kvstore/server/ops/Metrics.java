package org.kvstore.server.ops;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.context.Initialized;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Inject;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.ToLongFunction;
import org.eclipse.microprofile.metrics.Metadata;
import org.eclipse.microprofile.metrics.MetricRegistry;
import org.eclipse.microprofile.metrics.MetricUnits;
import org.jspecify.annotations.NullUnmarked;
import org.kvstore.server.replication.LocalReplicator;
import org.kvstore.server.service.BackupService;
import org.kvstore.server.service.Engine;
import org.kvstore.server.service.EngineHandle;
import org.kvstore.server.store.StoreStatistics;

/**
 * The service's metrics. They are read from the engine when a scraper asks; requests pay nothing
 * for them. This is the only class that knows MicroProfile Metrics.
 */
@ApplicationScoped
@NullUnmarked // The container fills the fields.
public class Metrics {
  @Inject MetricRegistry registry;
  @Inject EngineHandle handle;
  @Inject BackupService backups;

  /** Registers at start. */
  void register(@Observes @Initialized(ApplicationScoped.class) Object event) {
    handle.engine().ifPresent(this::register);
  }

  private void register(Engine engine) {
    engineFigures(engine);
    storeFigures(engine);
    backupFigures();
  }

  private void backupFigures() {
    gauge(
        "last_backup_timestamp_seconds",
        "When the newest backup was complete; 0 before the first since the start.",
        () -> backups.lastBackup().at() / 1_000);
    gauge("last_backup_revision", "What it shows.", () -> backups.lastBackup().revision());
    gauge("last_backup_duration_millis", "How long it took.", () -> backups.lastBackup().millis());
  }

  private void engineFigures(Engine engine) {
    LocalReplicator replicator = engine.replicator();
    counter(
        "writes_acknowledged_total", "Writes answered with an outcome.", replicator::acknowledged);
    counter("commits_total", "Groups of writes committed, one fsync each.", replicator::groups);
    gauge("write_queue_depth", "Writes that wait for the committer.", replicator::queueDepth);
    gauge("write_queue_bytes", "Bytes that they hold.", replicator::queueBytes);
    gauge("held_requests", "Requests held by Prefer: wait.", engine::held);
    gauge("watches", "Watches that are open.", engine.watches()::count);
    gauge("watch_lag_revisions", "How far the slowest watch is behind.", engine.watches()::lag);
    gauge("disk_free_bytes", "Free space of the data's disk.", engine.disk()::freeBytes);
    gauge("disk_floor_bytes", "Free space below which puts are refused.", engine.disk()::floor);
    gauge("used_bytes", "Size of log and tables, for the quota.", engine.store()::usedBytes);
    gauge(
        "quota_bytes",
        "What log and tables may take; 0 for no quota.",
        engine.disk().quota()::bytes);
    gauge(
        "storage_full",
        "1 while puts are refused for want of room, otherwise 0.",
        () -> engine.disk().isFull() ? 1 : 0);
  }

  private void storeFigures(Engine engine) {
    Function<ToLongFunction<StoreStatistics>, LongSupplier> of =
        figure -> () -> figure.applyAsLong(engine.store().statistics());
    gauge("revision", "Newest revision.", of.apply(StoreStatistics::revision));
    gauge("keys", "Estimated number of keys.", of.apply(StoreStatistics::keys));
    gauge("table_bytes", "Size of the table files.", of.apply(StoreStatistics::tableBytes));
    gauge("wal_bytes", "Size of the write-ahead log.", of.apply(StoreStatistics::walBytes));
    counter("wal_syncs_total", "fsyncs of that log.", of.apply(StoreStatistics::walSyncs));
    counter(
        "wal_written_bytes_total",
        "Bytes written to that log.",
        of.apply(StoreStatistics::walWrittenBytes));
    counter(
        "entry_cache_hits_total",
        "Look-ups that the cache of entries answered.",
        of.apply(StoreStatistics::entryCacheHits));
    counter(
        "entry_cache_misses_total",
        "Look-ups that it did not.",
        of.apply(StoreStatistics::entryCacheMisses));
    counter(
        "cache_hits_total",
        "Look-ups that the block cache answered.",
        of.apply(StoreStatistics::cacheHits));
    counter(
        "cache_misses_total", "Look-ups that it did not.", of.apply(StoreStatistics::cacheMisses));
    gauge(
        "cache_bytes",
        "Native memory of the block cache, memtables included.",
        of.apply(StoreStatistics::cacheBytes));
    gauge(
        "memtable_bytes", "Native memory of memtables.", of.apply(StoreStatistics::memtableBytes));
    gauge(
        "table_reader_bytes",
        "Native memory of open table files outside the cache.",
        of.apply(StoreStatistics::tableReaderBytes));
    gauge(
        "compaction_debt_bytes",
        "Bytes that compaction still has to rewrite.",
        of.apply(StoreStatistics::compactionDebtBytes));
    gauge("pinned_views", "Reads of several steps under way.", of.apply(s -> s.pinnedViews()));
  }

  private void gauge(String name, String description, LongSupplier figure) {
    registry.gauge(metadata(name, description), figure::getAsLong);
  }

  /** It only rises, from 0 at the start of the service. */
  private void counter(String name, String description, LongSupplier figure) {
    registry.gauge(metadata(name, description + " Since the start."), figure::getAsLong);
  }

  private static Metadata metadata(String name, String description) {
    return Metadata.builder()
        .withName("kvstore_" + name)
        .withDescription(description)
        .withUnit(MetricUnits.NONE)
        .build();
  }
}
