package org.kvstore.server.shard;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.kvstore.server.model.Consistency;
import org.kvstore.server.store.Read;

/**
 * The same read of each of several shards. Those that are elsewhere are asked at once; those here
 * are read when their part is wanted, by whoever wants it.
 *
 * @param <T> what each part is
 */
final class Parts<T> {
  private final List<Shard> shards;
  private final Function<Shard, Read<T>> read;
  private final CompletableFuture<?>[] stages;

  /** Of those elsewhere, what they say; null of those here. */
  private final @Nullable CompletableFuture<T>[] asked;

  /**
   * @param read what is to be read of a shard
   */
  @SuppressWarnings({"unchecked", "rawtypes"}) // There are no arrays of generic types.
  Parts(List<Shard> shards, Consistency consistency, Function<Shard, Read<T>> read) {
    this.shards = shards;
    this.read = read;
    stages = new CompletableFuture[shards.size()];
    asked = new CompletableFuture[shards.size()];
    for (int i = 0; i < stages.length; i++) {
      Shard shard = shards.get(i);
      if (shard.isHere()) {
        stages[i] = shard.reads().upToDate(consistency).toCompletableFuture();
      } else {
        CompletableFuture<T> part =
            shard.read(consistency, read.apply(shard)).toCompletableFuture();
        asked[i] = part;
        stages[i] = part;
      }
    }
  }

  /** Completes when the parts can be read without waiting; fails as any of them does. */
  CompletionStage<Void> ready() {
    return stages.length == 1 ? stages[0].thenApply(any -> null) : CompletableFuture.allOf(stages);
  }

  /** The part of the shard at an index. It waits only if the shard has gone meanwhile. */
  T get(int index) {
    CompletableFuture<T> part = asked[index];
    Shard shard = shards.get(index);
    return part == null ? shard.reads().now(read.apply(shard)) : Waiting.join(part);
  }

  /** Whether the part of the shard at an index has been asked for elsewhere. */
  boolean isAsked(int index) {
    return asked[index] != null;
  }
}
