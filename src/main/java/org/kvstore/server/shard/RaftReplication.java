package org.kvstore.server.shard;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ScheduledExecutorService;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.replication.DiskSpace;
import org.kvstore.server.replication.raft.ClusterOptions;
import org.kvstore.server.replication.raft.RaftNode;
import org.kvstore.server.replication.raft.RaftReplicator;
import org.kvstore.server.replication.raft.ShardStatus;
import org.kvstore.server.store.Store;

/** On several nodes at once: each shard is a Raft group, that of the system the last. */
public final class RaftReplication implements Replication {
  private final ClusterOptions options;
  private final Shard.Setup setup;
  private final ScheduledExecutorService timer;

  /** Set by {@link #start}. */
  private @Nullable RaftNode node;

  RaftReplication(ClusterOptions options, Shard.Setup setup, ScheduledExecutorService timer) {
    this.options = options;
    this.setup = setup;
    this.timer = timer;
  }

  @Override
  public void start(Shards shards, DiskSpace disk) {
    List<Shard> all = shards.all();
    List<Store> stores = all.stream().map(Shard::store).toList();
    try {
      RaftNode started = new RaftNode(options, stores);
      node = started;
      for (int group = 0; group < all.size(); group++) {
        all.get(group)
            .start(
                new RaftReplicator(
                    started, group, setup.limits(), disk, setup.threads(), setup.answers(), timer));
      }
      started.start();
    } catch (IOException e) {
      throw KeyValueException.of(
              ErrorCode.UNAVAILABLE, "The node could not take part in its cluster: " + e)
          .withCause(e);
    }
  }

  @Override
  public void resign() {
    if (node != null) {
      node.resign();
    }
  }

  /** What the node was told of its cluster. */
  public ClusterOptions options() {
    return options;
  }

  /** The shards as this node sees them, that of the system the last. */
  public List<ShardStatus> describe() {
    return node == null ? List.of() : node.describe();
  }

  /** What is wrong between this node and others; empty when nothing is. */
  public List<String> problems() {
    return node == null ? List.of() : node.problemsWithPeers();
  }

  @Override
  public Optional<Long> age(List<Shard> shards) {
    long oldest = 0;
    for (Shard shard : shards) {
      Duration age = node == null ? null : node.age(shard.number());
      if (age == null) {
        return Optional.empty();
      }
      oldest = Math.max(oldest, age.toMillis());
    }
    return Optional.of(oldest);
  }

  @Override
  public void close() {
    if (node != null) {
      node.close();
    }
  }
}
