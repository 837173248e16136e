package org.kvstore.server.ops;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.context.Initialized;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Inject;
import java.util.function.ToLongFunction;
import org.eclipse.microprofile.metrics.Metadata;
import org.eclipse.microprofile.metrics.MetricRegistry;
import org.eclipse.microprofile.metrics.MetricUnits;
import org.jspecify.annotations.NullUnmarked;
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

  /** Registers at start. */
  void register(@Observes @Initialized(ApplicationScoped.class) Object event) {
    handle.engine().ifPresent(this::register);
  }

  private void register(Engine engine) {
    gauge(
        "kvstore_writes_acknowledged_total",
        "Writes answered with an outcome since the start.",
        engine,
        e -> e.replicator().acknowledged());
    gauge(
        "kvstore_commits_total",
        "Groups of writes committed since the start.",
        engine,
        e -> e.replicator().groups());
    gauge(
        "kvstore_write_queue_depth",
        "Writes that wait for the committer.",
        engine,
        e -> e.replicator().queueDepth());
    gauge("kvstore_held_requests", "Requests held by Prefer: wait.", engine, Engine::held);
    gauge(
        "kvstore_disk_free_bytes",
        "Free space of the disk that the data is on.",
        engine,
        e -> e.disk().freeBytes());
    statistic(engine, "revision", "Newest revision.", StoreStatistics::revision);
    statistic(engine, "keys", "Estimated number of keys.", StoreStatistics::keys);
    statistic(
        engine,
        "wal_syncs_total",
        "fsyncs of the write-ahead log since the start.",
        StoreStatistics::walSyncs);
    statistic(
        engine,
        "wal_written_bytes_total",
        "Bytes written to the write-ahead log since the start.",
        StoreStatistics::walWrittenBytes);
    statistic(engine, "table_bytes", "Size of the table files.", StoreStatistics::tableBytes);
    statistic(
        engine,
        "cache_hits_total",
        "Look-ups that the block cache answered.",
        StoreStatistics::cacheHits);
    statistic(
        engine,
        "cache_misses_total",
        "Look-ups that the block cache did not answer.",
        StoreStatistics::cacheMisses);
    statistic(
        engine,
        "cache_bytes",
        "Native memory of the block cache, memtables included.",
        StoreStatistics::cacheBytes);
    statistic(
        engine, "memtable_bytes", "Native memory of memtables.", StoreStatistics::memtableBytes);
    statistic(
        engine,
        "table_reader_bytes",
        "Native memory of open table files outside the cache.",
        StoreStatistics::tableReaderBytes);
    statistic(
        engine,
        "compaction_debt_bytes",
        "Bytes that compaction still has to rewrite.",
        StoreStatistics::compactionDebtBytes);
    statistic(
        engine, "pinned_views", "Reads of several steps under way.", s -> (long) s.pinnedViews());
  }

  private void statistic(
      Engine engine, String name, String description, ToLongFunction<StoreStatistics> figure) {
    gauge("kvstore_" + name, description, engine, e -> figure.applyAsLong(e.store().statistics()));
  }

  private void gauge(
      String name, String description, Engine engine, ToLongFunction<Engine> figure) {
    Metadata metadata =
        Metadata.builder()
            .withName(name)
            .withDescription(description)
            .withUnit(MetricUnits.NONE)
            .build();
    registry.gauge(metadata, engine, e -> figure.applyAsLong(e));
  }
}
