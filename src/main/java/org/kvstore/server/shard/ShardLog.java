package org.kvstore.server.shard;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.Event;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.store.ChangeLog;
import org.kvstore.server.store.Changes;
import org.kvstore.server.store.Read;
import org.kvstore.server.store.Store;

/**
 * What changed in a shard, wherever it is. Of one that is elsewhere, a part of the log, or of what
 * was there before, is asked for when it is read first, and cannot be read until it has come: so
 * nobody who delivers to watches waits for another node. Who asked is woken then. Any replica does
 * that has come as far as whoever asks has been told.
 */
final class ShardLog implements ChangeLog {
  private static final Duration WAIT = Duration.ofSeconds(1);
  private static final int MOST_PARTS = 64;
  private static final Duration KEPT = Duration.ofSeconds(20);

  private final Shard shard;

  /** Parts that were asked for; taken once they are there. */
  private final Cache<Read<?>, CompletableFuture<?>> parts =
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
    return read(new Read.ChangesAfter(after, events, bytes), after, WAIT);
  }

  @Override
  public List<Optional<Entry>> before(List<Event> events, long bytes) {
    long newest = events.get(events.size() - 1).revision();
    return read(new Read.Before(events, bytes), newest, Duration.ZERO);
  }

  /**
   * Reads a part.
   *
   * @param seen the replica that is read must have this revision, as whoever asks has been told of
   *     it
   * @param wait how long one elsewhere waits for a newer one
   */
  private <T> T read(Read<T> read, long seen, Duration wait) {
    Store store = shard.place().storeRead();
    Elsewhere others = shard.place().others();
    if (store == null && others != null) {
      return elsewhere(read, () -> others.readBeyond(seen, wait, read));
    }
    if (store == null) {
      throw unreadable("The shard has not been started.");
    }
    if (others != null && store.revision() < seen && seen <= shard.place().toldRevision()) {
      throw unreadable("The replica here is behind what was read of another.");
    }
    return read.from(store);
  }

  @SuppressWarnings("unchecked") // Each read is kept with its own answer.
  private <T> T elsewhere(Read<T> read, Supplier<CompletableFuture<T>> ask) {
    CompletableFuture<T> part = (CompletableFuture<T>) parts.get(read, any -> ask.get());
    if (!part.isDone()) {
      part.whenComplete((answer, failure) -> shard.watches().wake());
      throw unreadable("What has changed is being asked for at another node.");
    }
    parts.invalidate(read);
    return Waiting.join(part);
  }

  private static KeyValueException unreadable(String why) {
    return KeyValueException.of(ErrorCode.UNAVAILABLE, why);
  }
}
