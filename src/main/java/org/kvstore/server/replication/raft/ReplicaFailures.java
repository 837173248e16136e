package org.kvstore.server.replication.raft;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.KeyValueException;

/**
 * Why replicas of a node take no part: each for itself, where the first cause counts and is logged
 * once; or all, as the node waits for something.
 */
final class ReplicaFailures {
  private static final Logger LOG = System.getLogger(ReplicaFailures.class.getName());

  private final String node;
  private final Map<Integer, KeyValueException> failures = new ConcurrentHashMap<>();

  /** Empty while it waits for nothing. */
  private volatile String waits = "";

  ReplicaFailures(String node) {
    this.node = node;
  }

  void add(int shard, Throwable cause) {
    KeyValueException failure = named(shard, cause);
    if (failures.putIfAbsent(shard, failure) == null) {
      LOG.log(Level.ERROR, failure.getMessage(), cause);
    }
  }

  /** That of a replica itself; null when it has not failed. */
  @Nullable KeyValueException get(int shard) {
    return failures.get(shard);
  }

  /** Whether a replica has failed, and not for what people have to mend. */
  boolean mayPass(int shard) {
    KeyValueException failure = failures.get(shard);
    return failure != null
        && Stream.iterate((Throwable) failure, Objects::nonNull, Throwable::getCause)
            .noneMatch(ReplicaException.class::isInstance);
  }

  /** What keeps a replica from taking part, be it its own failure or the node's wait. */
  @Nullable KeyValueException reason(int shard) {
    KeyValueException failure = failures.get(shard);
    String why = waits;
    return failure == null && !why.isEmpty()
        ? KeyValueException.of(ErrorCode.UNAVAILABLE, why)
        : failure;
  }

  /**
   * All replicas wait, or no longer so.
   *
   * @param why for people; empty when they do not
   */
  void nodeWaits(String why) {
    waits = why;
  }

  /** Why all wait, for people; empty when they do not. */
  String waits() {
    return waits;
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
