package org.kvstore.api;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The answer of {@code GET /v1/status}.
 *
 * @param version version of the server
 * @param mode {@code standalone} or {@code cluster}
 * @param storeId identity of the store, given when its data directory was created
 * @param shards state of each shard, in order
 * @param members the members of the cluster as of now: where clients reach them, or their ids
 * @param cacheHitRatio block-cache hits of all look-ups since the start, 0..1; null before any
 * @param uptimeSeconds seconds since the engine was opened
 * @param storage what the data takes of the disk; null from a server that does not say
 */
public record StatusDocument(
    String version,
    String mode,
    String storeId,
    List<Shard> shards,
    List<String> members,
    @Nullable Double cacheHitRatio,
    long uptimeSeconds,
    @Nullable Storage storage) {

  /**
   * One shard.
   *
   * @param id number of the shard, from 0
   * @param revision newest published revision
   * @param compactedRevision reads below this revision answer COMPACTED; 0 when nothing is
   *     compacted
   * @param keys estimated number of keys
   * @param diskBytes size of the shard's files
   */
  public record Shard(int id, long revision, long compactedRevision, long keys, long diskBytes) {}

  /**
   * The room of the data.
   *
   * @param usedBytes size of the files of all shards
   * @param quotaBytes what they may take; null when there is no quota
   * @param freeBytes free space of the disk
   * @param floorBytes free space below which puts are refused
   * @param full whether puts are refused for one of the two
   */
  public record Storage(
      long usedBytes, @Nullable Long quotaBytes, long freeBytes, long floorBytes, boolean full) {}
}
