package org.kvstore.server.replication.raft;

/**
 * How the log of a shard is kept.
 *
 * @param checkpointEntries a checkpoint is taken after so many entries; those before it are given
 *     up, but for a fifth as many, so that a replica that was away shortly needs no checkpoint
 * @param segmentBytes size of the files of the log, which are given up as a whole: bytes. The
 *     newest two of each shard are on the heap, where small entries take twice as much
 */
public record LogOptions(int checkpointEntries, int segmentBytes) {
  /** Those of an unconfigured service. */
  public static final LogOptions DEFAULT = new LogOptions(50_000, 1 << 20);
}
