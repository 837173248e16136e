package org.kvstore.server.shard;

import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.kvstore.server.replication.DiskSpace;

/** Has the shards of a node take writes: on this node alone, or on several at once. */
public interface Replication extends AutoCloseable {
  /**
   * Starts every shard. Its store and its watches are open; commits may come from now on.
   *
   * @param disk the one that the stores are on
   */
  void start(Shards shards, DiskSpace disk);

  /** As {@link Shards#age}. */
  Supplier<Optional<Long>> age(List<Shard> shards);

  /** As {@link Shards#problem}. */
  String problem(Shard shard);

  /** The end is near: has other nodes lead, as far as there are any. */
  void resign();

  /** Ends what the shards have in common; none of them takes writes any more. */
  @Override
  void close();
}
