package org.kvstore.server.shard;

import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import org.kvstore.server.model.KeyValueException;

/** Waits for what another node is to say, in threads that may wait. */
final class Waiting {
  private Waiting() {}

  /** What a stage completes with, in bounded time; throws what it fails with. */
  static <T> T join(CompletionStage<T> stage) {
    try {
      return stage.toCompletableFuture().join();
    } catch (CompletionException e) {
      throw e.getCause() instanceof KeyValueException known ? known : e;
    }
  }
}
