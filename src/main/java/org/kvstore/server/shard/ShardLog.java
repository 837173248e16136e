package org.kvstore.server.shard;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.Event;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.replication.raft.RemoteReads;
import org.kvstore.server.store.ChangeLog;
import org.kvstore.server.store.Changes;
import org.kvstore.server.store.Read;
import org.kvstore.server.store.Store;

/**
 * What changed in a shard, wherever it is. Of one that is elsewhere, a part of the log is asked for
 * when it is read first, and cannot be read until it has come: so nobody who delivers to watches
 * waits for another node. Who asked is woken then.
 */
final class ShardLog implements ChangeLog {
  private static final Duration WAIT = Duration.ofSeconds(1);
  private static final int MOST_PARTS = 64;
  private static final Duration KEPT = Duration.ofSeconds(20);

  private final Shard shard;

  /** Parts that were asked for, by the revision that they follow; taken once they are there. */
  private final Cache<Long, CompletableFuture<Changes>> parts =
      Caffeine.newBuilder()
          .maximumSize(MOST_PARTS)
          .expireAfterWrite(KEPT)
          .executor(Runnable::run)
          .build();

  ShardLog(Shard shard) {
    this.shard = shard;
  }

  /** The newest revision that can be read here, or that this node has been told of. */
  @Override
  public long revision() {
    return shard.place().revision();
  }

  @Override
  public Changes changes(long after, int events, long bytes) {
    Store store = shard.place().storeRead();
    Elsewhere others = shard.place().others();
    if (store == null && others != null) {
      return elsewhere(others.reads(), new Read.ChangesAfter(after, events, bytes));
    }
    if (store == null) {
      throw unreadable("The shard has not been started.");
    }
    if (others != null && store.revision() < after && after <= shard.place().toldRevision()) {
      throw unreadable("The replica here is behind what was read of another.");
    }
    return store.changes(after, events, bytes);
  }

  private Changes elsewhere(RemoteReads remote, Read.ChangesAfter read) {
    long after = read.after();
    CompletableFuture<Changes> part =
        parts.get(after, any -> remote.readBeyond(shard.number(), after, WAIT, read));
    if (!part.isDone()) {
      part.whenComplete((changes, failure) -> shard.watches().wake());
      throw unreadable("The changes are being asked for at another node.");
    }
    parts.invalidate(after);
    return Waiting.join(part);
  }

  private static KeyValueException unreadable(String why) {
    return KeyValueException.of(ErrorCode.UNAVAILABLE, why);
  }

  @Override
  public @Nullable Entry before(Event event) {
    return shard.reads().now(new Read.Before(event)).orElse(null);
  }
}
