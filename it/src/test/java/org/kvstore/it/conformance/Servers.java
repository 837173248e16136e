package org.kvstore.it.conformance;

import java.net.InetAddress;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.kvstore.it.support.Ports;
import org.kvstore.it.support.ServerProcess;
import org.kvstore.it.support.Service;

/** The servers that the rows are checked against. The small one is started when it is asked for. */
final class Servers implements AutoCloseable {
  /** Largest value of the small server, which is not small in this. */
  static final int VALUE_LIMIT = 2 << 20;

  /** Limits within reach of a test. */
  private static final Map<String, String> SMALL =
      Map.ofEntries(
          Map.entry("KV_BACKUP_DIR", ServerProcess.directory("copies").toString()),
          Map.entry("KV_HISTORY_MAX_REVISIONS", "20"),
          Map.entry("KV_IDEMPOTENCY_MEMORY", "1s"),
          Map.entry("KV_LIMITS_BATCHES", "1"),
          Map.entry("KV_LIMITS_EXPORTS", "1"),
          Map.entry("KV_LIMITS_HELD_REQUESTS", "1"),
          Map.entry("KV_LIMITS_LEASE_KEYS", "2"),
          Map.entry("KV_LIMITS_PENDING_WRITES", "1"),
          Map.entry("KV_LIMITS_RANGE_DELETE_KEYS", "2"),
          Map.entry("KV_LIMITS_VALUE_BYTES", "2MiB"),
          Map.entry("KV_LIMITS_WATCHES", "1"));

  private final Service usual;
  private final boolean isNode;
  private @Nullable ServerProcess small;

  /** A single server. */
  Servers(Service usual) {
    this(usual, false);
  }

  /** Of which the usual one is a node of a cluster or not; the small one is like it. */
  Servers(Service usual, boolean isNode) {
    this.usual = usual;
    this.isNode = isNode;
  }

  /** Whether they are nodes of clusters, with one shard. */
  boolean isNode() {
    return isNode;
  }

  /** As it is without configuration. */
  Service usual() {
    return usual;
  }

  /** One that is configured to bear little. */
  Service small() {
    if (small == null) {
      Map<String, String> variables = new HashMap<>(SMALL);
      if (isNode) {
        variables.putAll(alone());
      }
      small = ServerProcess.ready(ServerProcess.directory("small"), variables);
    }
    return small.service();
  }

  /** What makes it a cluster of itself. */
  private static Map<String, String> alone() {
    int raft = Ports.free(InetAddress.getLoopbackAddress(), 1)[0];
    return Map.of(
        "KV_CLUSTER_ID", "small",
        "KV_CLUSTER_NODE", "n1",
        "KV_CLUSTER_MEMBERS", "n1=127.0.0.1:" + raft,
        "KV_SHARDS", "1");
  }

  @Override
  public void close() {
    if (small != null) {
      small.close();
    }
  }
}
