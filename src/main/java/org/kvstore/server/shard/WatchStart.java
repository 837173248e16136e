package org.kvstore.server.shard;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.kvstore.server.model.Revisions;
import org.kvstore.server.store.Read;

/**
 * What goes before a watch of some shards: this node follows each of them, and then finds out where
 * the watch begins and that what follows is there. It follows them for the watch's sake until that
 * is open, which then sees to it itself.
 */
final class WatchStart {
  private final List<Shard> shards;
  private final @Nullable Revisions from;

  /**
   * @param from everything up to these is known; null for now
   */
  WatchStart(List<Shard> shards, @Nullable Revisions from) {
    this.shards = shards;
    this.from = from;
  }

  /**
   * Opens a watch.
   *
   * @param open is told where it begins in each shard
   */
  <T> CompletionStage<T> begin(Function<Map<Shard, Long>, T> open) {
    List<CompletableFuture<Runnable>> follows =
        shards.stream().map(shard -> shard.follow().toCompletableFuture()).toList();
    return all(follows)
        .thenCompose(any -> starts())
        .thenApply(open)
        .whenComplete(
            (any, failure) -> follows.forEach(follow -> follow.thenAccept(Runnable::run)));
  }

  private CompletionStage<Map<Shard, Long>> starts() {
    List<CompletableFuture<Long>> starts = new ArrayList<>();
    for (Shard shard : shards) {
      starts.add(start(shard).toCompletableFuture());
    }
    return all(starts)
        .thenApply(
            any -> {
              Map<Shard, Long> found = new LinkedHashMap<>();
              for (int i = 0; i < starts.size(); i++) {
                found.put(shards.get(i), starts.get(i).join());
              }
              return found;
            });
  }

  /** What has been followed from so far, can be read here. */
  private CompletionStage<Long> start(Shard shard) {
    if (from == null) {
      return shard.look(new Read.Newest());
    }
    long after = from.at(shard.number());
    return shard.look(new Read.ChangesAfter(after, 1, 1)).thenApply(changes -> after);
  }

  private static CompletableFuture<Void> all(List<? extends CompletableFuture<?>> stages) {
    return CompletableFuture.allOf(stages.toArray(CompletableFuture<?>[]::new));
  }
}
