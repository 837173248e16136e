package org.kvstore.server.api;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * A body that a thread waits for, each part of which has to arrive within a time. The time-out of
 * the connection bounds a single read: a byte a minute would never be too slow for it.
 */
final class TimedInput extends InputStream {
  private final InputStream in;
  private final Duration most;
  private final LongSupplier nanos;
  private long began;

  TimedInput(InputStream in, Duration most) {
    this(in, most, System::nanoTime);
  }

  /**
   * @param nanos the time, in nanoseconds from any moment on
   */
  TimedInput(InputStream in, Duration most, LongSupplier nanos) {
    this.in = in;
    this.most = most;
    this.nanos = nanos;
    nextPart();
  }

  /** A part is whole; the next one has the same time again. */
  void nextPart() {
    began = nanos.getAsLong();
  }

  @Override
  public int read() throws IOException {
    return inTime(in.read());
  }

  @Override
  public int read(byte[] buffer, int from, int length) throws IOException {
    return inTime(in.read(buffer, from, length));
  }

  private int inTime(int read) throws IOException {
    if (read >= 0 && nanos.getAsLong() - began > most.toNanos()) {
      throw new TooSlowException(most);
    }
    return read;
  }

  /** A part took longer; nothing more is read. */
  static final class TooSlowException extends InterruptedIOException {
    private static final long serialVersionUID = 1L;

    TooSlowException(Duration most) {
      super(message(most));
    }

    static String message(Duration most) {
      return "The body did not arrive within %d ms.".formatted(most.toMillis());
    }
  }
}
