package org.kvstore.server.service;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.replication.ControlledDelay;

/**
 * Has pages made a few at a time. While one is made it takes several times its size on the heap: as
 * entries, as documents, as text and as bytes. Under overload the container has many threads, but
 * there are no more CPUs: more at once would be made no sooner, and could fill the heap.
 *
 * <p>Whoever comes when there is a turn makes its page in its own thread; others wait in a queue,
 * without a thread, which others would wait for in turn. How long a page takes of late and how many
 * wait tell how long one that comes now would wait; and {@link ControlledDelay}, whether they
 * stand.
 *
 * <p>This object's monitor guards the turns, the queue and what is known of their pace. It is held
 * for no longer than to note something: pages are made, and answered, outside.
 */
final class PageTurns {
  private static final int MOST_WAITING = 1_000;

  /** How long it takes to tell a queue that stands from a burst; what is longer need not stand. */
  private static final Duration BURST = Duration.ofMillis(200);

  private final Executor pool;
  private final LongSupplier nanoTime;
  private final ControlledDelay delay;
  private final long mostNanos;
  private final Queue<Turn<?>> waiting = new ArrayDeque<>();
  private final int turns;
  private int taken;
  private double nanosOfPage;

  /**
   * @param pool where pages that had to wait are made
   * @param turns how many are made at a time
   * @param target what they may wait
   * @param nanoTime as {@link System#nanoTime}
   */
  PageTurns(Executor pool, int turns, Duration target, LongSupplier nanoTime) {
    this.pool = pool;
    this.nanoTime = nanoTime;
    this.turns = turns;
    delay = new ControlledDelay(target);
    mostNanos = target.plus(BURST).toNanos();
  }

  /**
   * Makes a page when it is its turn.
   *
   * @return the page, after its turn has been given on
   * @throws KeyValueException TOO_MANY_REQUESTS when too many wait
   */
  <T> CompletionStage<T> make(Supplier<T> page) {
    Turn<T> turn = new Turn<>(page);
    if (take(turn)) {
      turn.run();
    }
    return turn.made;
  }

  /** False when the turn has to wait. */
  private synchronized boolean take(Turn<?> turn) {
    if (taken < turns) {
      taken++;
      delay.waited(0, 0, turn.cameAt);
      return true;
    }
    if (waiting.size() >= MOST_WAITING) {
      throw KeyValueException.of(ErrorCode.TOO_MANY_REQUESTS, "Too many pages are asked for.");
    }
    waiting.add(turn);
    return false;
  }

  /** Gives a turn on, to the one that has waited for longest. */
  private void next() {
    Turn<?> next = poll();
    if (next != null) {
      try {
        pool.execute(next);
      } catch (RuntimeException e) {
        next();
        next.made.completeExceptionally(
            KeyValueException.of(ErrorCode.UNAVAILABLE, "The service is stopping.").withCause(e));
      }
    }
  }

  private synchronized @Nullable Turn<?> poll() {
    Turn<?> next = waiting.poll();
    if (next == null) {
      taken--;
    }
    return next;
  }

  /** A page always waits for those that are being made: no sign of more. */
  private synchronized void begins(long cameAt, long now) {
    delay.waited(now - cameAt, (long) nanosOfPage, now);
  }

  private synchronized void took(long nanos) {
    nanosOfPage += (nanos - nanosOfPage) / 8;
  }

  /** Whether more pages are asked for than can be made, so that they wait longer and longer. */
  synchronized boolean isOverloaded() {
    if (taken < turns) {
      delay.waited(0, 0, nanoTime.getAsLong());
    }
    return delay.isOverloaded();
  }

  /** Whether another page would have to wait for too long, in a queue that stands, or will. */
  synchronized boolean refuses() {
    long wait = (long) (waiting.size() * nanosOfPage / turns);
    return wait > mostNanos
        || (isOverloaded() && delay.refuses(wait, (long) nanosOfPage, nanoTime.getAsLong()));
  }

  /** One page and its turn. */
  private final class Turn<T> implements Runnable {
    private final Supplier<T> page;
    private final CompletableFuture<T> made = new CompletableFuture<>();
    private final long cameAt = nanoTime.getAsLong();

    Turn(Supplier<T> page) {
      this.page = page;
    }

    @Override
    public void run() {
      Runnable done;
      try {
        T result = timed();
        done = () -> made.complete(result);
      } catch (Throwable e) {
        done = () -> made.completeExceptionally(e);
      }
      try {
        next();
      } finally {
        done.run();
      }
    }

    private T timed() {
      long begun = nanoTime.getAsLong();
      begins(cameAt, begun);
      try {
        return page.get();
      } finally {
        took(nanoTime.getAsLong() - begun);
      }
    }
  }
}
