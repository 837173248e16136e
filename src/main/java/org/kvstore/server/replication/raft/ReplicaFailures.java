package org.kvstore.server.replication.raft;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.KeyValueException;

/** Why replicas of a node take no part. The first cause counts; it is logged once. */
final class ReplicaFailures {
  private static final Logger LOG = System.getLogger(ReplicaFailures.class.getName());

  private final String node;
  private final Map<Integer, KeyValueException> failures = new ConcurrentHashMap<>();

  ReplicaFailures(String node) {
    this.node = node;
  }

  void add(int shard, Throwable cause) {
    KeyValueException failure = named(shard, cause);
    if (failures.putIfAbsent(shard, failure) == null) {
      LOG.log(Level.ERROR, failure.getMessage(), cause);
    }
  }

  @Nullable KeyValueException get(int shard) {
    return failures.get(shard);
  }

  void forget(int shard) {
    failures.remove(shard);
  }

  private KeyValueException named(int shard, Throwable cause) {
    String why = cause + ". The others go on without it.";
    for (Throwable at = cause; at != null; at = at.getCause()) {
      why = at instanceof ReplicaException ? String.valueOf(at.getMessage()) : why;
    }
    return KeyValueException.of(
            ErrorCode.UNAVAILABLE,
            "The replica of shard %d on node %s takes no part: %s".formatted(shard, node, why))
        .withCause(cause);
  }
}
