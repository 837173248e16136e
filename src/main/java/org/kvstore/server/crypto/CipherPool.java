package org.kvstore.server.crypto;

import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/**
 * Ciphers of one key that nobody uses at the moment. The one that was used last is taken first: it
 * is likely to have derived the key that the next value of the same commit needs, and to be in the
 * cache of the processor. As many are kept as a machine has use for, whatever came at once.
 */
final class CipherPool {
  static final int MOST_IDLE = 64;

  private final Supplier<ExtendedGcm> maker;
  private final ConcurrentLinkedDeque<ExtendedGcm> idle = new ConcurrentLinkedDeque<>();

  /** No less than how many are idle: it is raised before one is added. */
  private final AtomicInteger count = new AtomicInteger();

  CipherPool(Supplier<ExtendedGcm> maker) {
    this.maker = maker;
  }

  ExtendedGcm take() {
    ExtendedGcm cipher = idle.pollFirst();
    if (cipher == null) {
      return maker.get();
    }
    count.decrementAndGet();
    return cipher;
  }

  void giveBack(ExtendedGcm cipher) {
    if (count.incrementAndGet() > MOST_IDLE) {
      count.decrementAndGet();
    } else {
      idle.offerFirst(cipher);
    }
  }
}
