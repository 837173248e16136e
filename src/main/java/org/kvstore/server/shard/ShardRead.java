package org.kvstore.server.shard;

import java.util.List;
import java.util.concurrent.CompletionStage;
import org.kvstore.server.model.Consistency;
import org.kvstore.server.store.Read;

/**
 * A read of one shard that takes its turn: it is asked for at once where the shard is elsewhere,
 * and read when it is wanted where it is here.
 *
 * @param <T> what the answer is
 */
public final class ShardRead<T> {
  private final Parts<T> parts;

  ShardRead(Shard shard, Consistency consistency, Read<T> read) {
    parts = new Parts<>(List.of(shard), consistency, of -> read);
  }

  /** Completes when it can be read, as consistent as was asked for. */
  public CompletionStage<Void> ready() {
    return parts.ready();
  }

  /** Reads it. */
  public T get() {
    return parts.get(0);
  }
}
