package org.kvstore.server.service;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import org.jspecify.annotations.NullUnmarked;
import org.kvstore.api.StatusDocument;
import org.kvstore.server.replication.DiskSpace;
import org.kvstore.server.replication.Quota;
import org.kvstore.server.shard.RaftReplication;
import org.kvstore.server.shard.Shard;
import org.kvstore.server.store.Store;
import org.kvstore.server.store.StoreStatistics;

/** Describes the running service. */
@ApplicationScoped
public class StatusService {
  private final EngineHandle handle;
  private final String version;

  /** For the container's proxy only. */
  @NullUnmarked
  protected StatusService() {
    handle = null;
    version = null;
  }

  @Inject
  public StatusService(EngineHandle handle) {
    this.handle = handle;
    version = readVersion();
  }

  /** The state as of now. */
  public StatusDocument status() {
    Engine engine = handle.require();
    StoreStatistics statistics = engine.shards().statistics();
    Optional<ClusterConfig> cluster = engine.config().cluster();
    long hits = statistics.entryCacheHits() + statistics.cacheHits();
    long lookups = hits + statistics.cacheMisses();
    return new StatusDocument(
        version,
        cluster.isPresent() ? "cluster" : "standalone",
        engine.storeId(),
        engine.shards().data().stream().flatMap(shard -> shard(shard).stream()).toList(),
        cluster.map(config -> members(engine, config)).orElse(List.of()),
        lookups == 0 ? null : (double) hits / lookups,
        engine.uptimeSeconds(),
        storage(engine));
  }

  /** What is here of a shard. */
  private static Optional<StatusDocument.Shard> shard(Shard shard) {
    return shard
        .replica()
        .map(Store::statistics)
        .map(
            statistics ->
                new StatusDocument.Shard(
                    shard.number(),
                    statistics.revision(),
                    statistics.compactedRevision(),
                    statistics.keys(),
                    statistics.tableBytes() + statistics.walBytes()));
  }

  /** Those of now, whoever the node was told of when it was started. */
  private static List<String> members(Engine engine, ClusterConfig config) {
    RaftReplication cluster = engine.shards().cluster().orElseThrow();
    return cluster.members().stream()
        .map(
            member -> {
              String url = ClusterService.url(member.id(), cluster, config);
              return url.isEmpty() ? member.id() : url;
            })
        .toList();
  }

  private static StatusDocument.Storage storage(Engine engine) {
    DiskSpace disk = engine.disk();
    Quota quota = disk.quota();
    return new StatusDocument.Storage(
        engine.shards().usedBytes(),
        quota.exists() ? quota.bytes() : null,
        disk.freeBytes(),
        disk.floor(),
        disk.isFull());
  }

  private static String readVersion() {
    Properties properties = new Properties();
    try (InputStream in = StatusService.class.getResourceAsStream("/kvstore.properties")) {
      properties.load(in);
      return properties.getProperty("version");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
