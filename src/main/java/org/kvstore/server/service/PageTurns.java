package org.kvstore.server.service;

import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.KeyValueException;

/**
 * Has pages made a few at a time. While one is made it takes several times its size on the heap: as
 * entries, as documents, as text and as bytes. Under overload the container has many threads, but
 * there are no more CPUs: more at once would be made no sooner, and could fill the heap.
 */
final class PageTurns {
  private final Semaphore turns = new Semaphore(2 * Runtime.getRuntime().availableProcessors());

  /**
   * Makes a page when it is its turn.
   *
   * @param most how long it may have to wait
   * @throws KeyValueException TOO_MANY_REQUESTS when it has waited for so long
   */
  <T> T make(Supplier<T> page, Duration most) {
    try {
      if (!turns.tryAcquire(most.toNanos(), TimeUnit.NANOSECONDS)) {
        throw KeyValueException.of(ErrorCode.TOO_MANY_REQUESTS, "Too many pages are being made.");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw KeyValueException.of(ErrorCode.UNAVAILABLE, "The service is stopping.");
    }
    try {
      return page.get();
    } finally {
      turns.release();
    }
  }
}
