package org.kvstore.server.replication.raft;

import java.io.File;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.ratis.RaftConfigKeys;
import org.apache.ratis.client.RaftClient;
import org.apache.ratis.client.RaftClientConfigKeys;
import org.apache.ratis.conf.RaftProperties;
import org.apache.ratis.grpc.GrpcConfigKeys;
import org.apache.ratis.protocol.RaftGroup;
import org.apache.ratis.server.RaftServerConfigKeys;
import org.apache.ratis.util.SizeInBytes;
import org.apache.ratis.util.TimeDuration;

/**
 * The settings of Apache Ratis that differ from its own, and why. Its own are quick rather than
 * safe: reads that are not linearizable, data in the temporary folder, elections after 150 ms.
 */
final class RaftSettings {
  /** More than a group of writes as a rule; each log has a buffer of that size. */
  static final SizeInBytes ENTRY = SizeInBytes.valueOf("8MB");

  /** More than an entry, or what became of one: values that were read among it. */
  static final SizeInBytes MESSAGE = SizeInBytes.valueOf("64MB");

  /** How long a node waits for its leader at the most before it begins an election. */
  static final int ELECTION_MILLIS = 3_000;

  private RaftSettings() {}

  static RaftProperties of(ClusterOptions options) {
    RaftProperties properties = new RaftProperties();
    File storage = options.directory().toFile();
    RaftConfigKeys.Rpc.setType(properties, new PromptAppender.Transport());
    RaftServerConfigKeys.setStorageDir(properties, List.of(storage));
    RaftServerConfigKeys.setRemovedGroupsDir(properties, new File(storage, "removed"));
    reads(properties);
    elections(properties);
    log(properties, options.log().segmentBytes());
    snapshots(properties, options.log().checkpointEntries());
    transport(properties, options);
    return properties;
  }

  /** A client of a group, which waits so long for an answer; to be closed by the caller. */
  static RaftClient.Builder client(ClusterOptions options, RaftGroup group, int answerMillis) {
    RaftProperties properties = of(options);
    RaftClientConfigKeys.Rpc.setRequestTimeout(properties, millis(answerMillis));
    return RaftClient.newBuilder()
        .setRaftGroup(group)
        .setProperties(properties)
        .setParameters(options.endpoint().parameters());
  }

  private static void reads(RaftProperties properties) {
    RaftServerConfigKeys.Read.setOption(properties, RaftServerConfigKeys.Read.Option.LINEARIZABLE);
    // A candidate may win while a leader that was paused believes in its lease still.
    RaftServerConfigKeys.Read.setLeaderLeaseEnabled(properties, false);
    RaftServerConfigKeys.Read.setTimeout(properties, millis(5_000));
    // Repeated writes are known by their serials, and what became of them is remembered elsewhere.
    RaftServerConfigKeys.RetryCache.setExpiryTime(properties, millis(20_000));
  }

  private static void elections(RaftProperties properties) {
    RaftServerConfigKeys.Rpc.setTimeoutMin(properties, millis(1_500));
    RaftServerConfigKeys.Rpc.setTimeoutMax(properties, millis(ELECTION_MILLIS));
    RaftServerConfigKeys.Rpc.setFirstElectionTimeoutMin(properties, millis(500));
    RaftServerConfigKeys.Rpc.setFirstElectionTimeoutMax(properties, millis(1_500));
    RaftServerConfigKeys.LeaderElection.setMemberMajorityAdd(properties, false);
    // A process that was stopped for a while comes back; by default it would close for good.
    RaftServerConfigKeys.setCloseThreshold(properties, TimeDuration.valueOf(1, TimeUnit.DAYS));
  }

  private static void log(RaftProperties properties, int segmentBytes) {
    // What is acknowledged is synced; see the store's own start for a tail that rotted.
    RaftServerConfigKeys.Log.setUnsafeFlushEnabled(properties, false);
    RaftServerConfigKeys.Log.setAsyncFlushEnabled(properties, false);
    RaftServerConfigKeys.Log.setLogMetadataEnabled(properties, false);
    RaftServerConfigKeys.Log.setCorruptionPolicy(
        properties, RaftServerConfigKeys.Log.CorruptionPolicy.WARN_AND_RETURN);
    RaftServerConfigKeys.Log.setSegmentSizeMax(properties, SizeInBytes.valueOf(segmentBytes));
    RaftServerConfigKeys.Log.setPreallocatedSize(
        properties, SizeInBytes.valueOf(Math.min(segmentBytes, 1 << 20)));
    // Beside the one that is written: a follower that is further behind is sent what is on disk.
    RaftServerConfigKeys.Log.setSegmentCacheNumMax(properties, 1);
    RaftServerConfigKeys.Log.setWriteBufferSize(
        properties, SizeInBytes.valueOf(ENTRY.getSize() + 8));
    RaftServerConfigKeys.Log.setQueueByteLimit(properties, ENTRY);
    RaftServerConfigKeys.Log.Appender.setBufferByteLimit(properties, ENTRY);
    // A follower that was away for long is looked for as often as one that has just gone.
    RaftServerConfigKeys.Log.Appender.setRetryPolicy(properties, "10ms,20, 500ms,100000000");
    RaftServerConfigKeys.Write.setByteLimit(properties, SizeInBytes.valueOf("64MB"));
  }

  private static void snapshots(RaftProperties properties, int entries) {
    RaftServerConfigKeys.Snapshot.setAutoTriggerEnabled(properties, true);
    RaftServerConfigKeys.Snapshot.setAutoTriggerThreshold(properties, entries);
    RaftServerConfigKeys.Snapshot.setRetentionFileNum(properties, 2);
    RaftServerConfigKeys.Log.setPurgeUptoSnapshotIndex(properties, true);
    RaftServerConfigKeys.Log.setPurgePreservationLogNum(properties, entries / 5);
    RaftServerConfigKeys.Log.setPurgeGap(properties, Math.max(1, entries / 50));
  }

  private static void transport(RaftProperties properties, ClusterOptions options) {
    Member own = options.own();
    GrpcConfigKeys.Server.setHost(properties, options.endpoint().bindFor(own));
    GrpcConfigKeys.Server.setPort(properties, own.port());
    GrpcConfigKeys.Server.setHeartbeatChannel(properties, true);
    GrpcConfigKeys.Server.setWorkerGroupSize(properties, 2);
    // A checkpoint on its way to a node that is down is waited for this long, in so many pieces.
    GrpcConfigKeys.Server.setInstallSnapshotRequestElementLimit(properties, 2);
    GrpcConfigKeys.Server.setInstallSnapshotRequestTimeout(properties, millis(2_000));
    RaftServerConfigKeys.Log.Appender.setSnapshotChunkSizeMax(
        properties, SizeInBytes.valueOf("4MB"));
    GrpcConfigKeys.setMessageSizeMax(properties, MESSAGE);
  }

  private static TimeDuration millis(int count) {
    return TimeDuration.valueOf(count, TimeUnit.MILLISECONDS);
  }
}
