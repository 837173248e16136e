package org.kvstore.it.conformance;

import java.util.Map;
import org.jspecify.annotations.Nullable;
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
  private @Nullable ServerProcess small;

  Servers(Service usual) {
    this.usual = usual;
  }

  /** As it is without configuration. */
  Service usual() {
    return usual;
  }

  /** One that is configured to bear little. */
  Service small() {
    if (small == null) {
      small = ServerProcess.ready(ServerProcess.directory("small"), SMALL);
    }
    return small.service();
  }

  @Override
  public void close() {
    if (small != null) {
      small.close();
    }
  }
}
