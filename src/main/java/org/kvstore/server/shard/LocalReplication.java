package org.kvstore.server.shard;

import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.kvstore.server.replication.DiskSpace;
import org.kvstore.server.replication.LocalReplicator;

/** On this node alone: each shard has a log of its own. */
final class LocalReplication implements Replication {
  private final Shard.Setup setup;

  LocalReplication(Shard.Setup setup) {
    this.setup = setup;
  }

  @Override
  public void start(Shards shards, DiskSpace disk) {
    for (Shard shard : shards.all()) {
      shard.start(
          new LocalReplicator(
              shard.store(), setup.limits(), disk, setup.threads(), setup.answers()));
    }
  }

  @Override
  public Supplier<Optional<Long>> age(List<Shard> shards) {
    return () -> Optional.of(0L);
  }

  @Override
  public String problem(Shard shard) {
    return "";
  }

  @Override
  public void resign() {
    // There is nobody else.
  }

  @Override
  public void close() {
    // The shards have nothing in common.
  }
}
