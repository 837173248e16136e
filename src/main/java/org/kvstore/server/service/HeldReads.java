package org.kvstore.server.service;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.Event;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.store.CommitListener;

/**
 * Reads that wait for a key to change. A waiting read is an entry in a map and a timer; it occupies
 * no thread. A commit looks up the keys that it changed and has their readers look again elsewhere.
 *
 * <p>A read registers first and looks afterwards, so a change between the two is not missed.
 */
final class HeldReads implements CommitListener, AutoCloseable {
  private final ConcurrentMap<Key, Set<Held>> waiting = new ConcurrentHashMap<>();
  private final Semaphore places;
  private final int limit;
  private final Executor readers;
  private final ScheduledExecutorService timer;
  private volatile boolean closed;

  /**
   * @param limit reads that may wait at once
   * @param readers runs the second looks; must not run them in the calling thread
   */
  HeldReads(int limit, Executor readers, ScheduledExecutorService timer) {
    places = new Semaphore(limit);
    this.limit = limit;
    this.readers = readers;
    this.timer = timer;
  }

  /**
   * Waits until a key's entry satisfies a predicate, or until the time is over.
   *
   * @param read reads what there is of a key, after all that commits have been told of
   * @return the entry that satisfied it, or the one that was there at the end of the wait. It fails
   *     with TOO_MANY_REQUESTS when too many reads wait already, and with UNAVAILABLE when they are
   *     closed
   */
  CompletionStage<Optional<Entry>> hold(
      Key key,
      Function<Key, CompletionStage<Optional<Entry>>> read,
      Predicate<Optional<Entry>> satisfied,
      Duration wait) {
    return read.apply(key)
        .thenCompose(
            now ->
                satisfied.test(now)
                    ? CompletableFuture.completedStage(now)
                    : register(key, read, satisfied, wait));
  }

  private CompletionStage<Optional<Entry>> register(
      Key key,
      Function<Key, CompletionStage<Optional<Entry>>> read,
      Predicate<Optional<Entry>> satisfied,
      Duration wait) {
    if (!places.tryAcquire()) {
      throw KeyValueException.of(ErrorCode.TOO_MANY_REQUESTS, "Too many requests are held.")
          .withLimit(limit);
    }
    Held held = new Held(() -> read.apply(key), satisfied);
    waiting.compute(
        key,
        (k, others) -> {
          Set<Held> all = others == null ? ConcurrentHashMap.newKeySet() : others;
          all.add(held);
          return all;
        });
    Future<?> timeout =
        timer.schedule(() -> readers.execute(held::giveUp), wait.toMillis(), TimeUnit.MILLISECONDS);
    held.result.whenComplete(
        (entry, failure) -> {
          timeout.cancel(false);
          forget(key, held);
          places.release();
        });
    held.look();
    if (closed) {
      held.result.completeExceptionally(stopping());
    }
    return held.result;
  }

  /** Reads that wait now. */
  int count() {
    return limit - places.availablePermits();
  }

  @Override
  public void committed(List<Event> events) {
    if (waiting.isEmpty()) {
      return;
    }
    for (Event event : events) {
      Set<Held> held = waiting.get(event.key());
      if (held != null) {
        // A task each: an answer to a client that reads slowly holds up no other.
        held.forEach(read -> readers.execute(read::look));
      }
    }
  }

  /** Any key may have changed. */
  @Override
  public void recovered() {
    waiting.values().forEach(all -> all.forEach(read -> readers.execute(read::look)));
  }

  /** No read waits any more, nor will: one that registers meanwhile sees it itself. */
  @Override
  public void close() {
    closed = true;
    waiting
        .values()
        .forEach(all -> all.forEach(held -> held.result.completeExceptionally(stopping())));
  }

  private static KeyValueException stopping() {
    return KeyValueException.of(ErrorCode.UNAVAILABLE, "The service is stopping.");
  }

  private void forget(Key key, Held held) {
    waiting.computeIfPresent(
        key,
        (k, others) -> {
          others.remove(held);
          return others.isEmpty() ? null : others;
        });
  }

  /** One waiting read. */
  private static final class Held {
    private final Supplier<CompletionStage<Optional<Entry>>> read;
    private final Predicate<Optional<Entry>> satisfied;
    private final CompletableFuture<Optional<Entry>> result = new CompletableFuture<>();

    Held(Supplier<CompletionStage<Optional<Entry>>> read, Predicate<Optional<Entry>> satisfied) {
      this.read = read;
      this.satisfied = satisfied;
    }

    /** Answers if the entry satisfies by now. */
    void look() {
      answer(satisfied);
    }

    /** Answers with whatever is there. */
    void giveUp() {
      answer(anything -> true);
    }

    private void answer(Predicate<Optional<Entry>> enough) {
      if (result.isDone()) {
        return;
      }
      try {
        read.get().whenComplete((entry, failure) -> answer(enough, entry, failure));
      } catch (RuntimeException e) {
        result.completeExceptionally(e);
      }
    }

    private void answer(
        Predicate<Optional<Entry>> enough,
        @Nullable Optional<Entry> entry,
        @Nullable Throwable failure) {
      if (entry == null) {
        result.completeExceptionally(
            failure instanceof CompletionException known ? known.getCause() : failure);
      } else if (enough.test(entry)) {
        result.complete(entry);
      }
    }
  }
}
