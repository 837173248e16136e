package org.kvstore.server.api;

import java.io.InterruptedIOException;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.kvstore.server.security.Allowance;

/**
 * Slows streams down to the bytes of their caller. Their threads wait for those, so they have to be
 * threads of their own; once the end is near they wait no more.
 */
final class Pace {
  /** How soon one who waits hears of the end. */
  private static final long STEP_NANOS = 100_000_000;

  private final Allowance allowance;
  private final BooleanSupplier isEnding;

  Pace(Allowance allowance, BooleanSupplier isEnding) {
    this.allowance = allowance;
    this.isEnding = isEnding;
  }

  /**
   * So many bytes came or went.
   *
   * @return how long to {@link #rest} before more do: nanoseconds
   */
  long moved(int bytes) {
    long owed = allowance.owed(bytes);
    return isEnding.getAsBoolean() ? 0 : owed;
  }

  /** Waits for so many nanoseconds. */
  void rest(long nanos) throws InterruptedIOException {
    long over = System.nanoTime() + nanos;
    try {
      for (long left = nanos;
          left > 0 && !isEnding.getAsBoolean();
          left = over - System.nanoTime()) {
        TimeUnit.NANOSECONDS.sleep(Math.min(left, STEP_NANOS));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("The server is stopping.");
    }
  }
}
