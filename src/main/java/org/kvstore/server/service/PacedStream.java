package org.kvstore.server.service;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.util.concurrent.TimeUnit;

/**
 * Writes no faster than at a rate, so that what is long does not take the CPUs and the disk from
 * what is urgent. Its thread waits in between. What was not used up is not saved.
 */
final class PacedStream extends FilterOutputStream {
  /** Shorter waits are saved up, as a timer is not that exact. */
  private static final long LEAST_WAIT_NANOS = 5_000_000;

  private final long bytesPerSecond;
  private final Runnable permit;

  /** When the bytes written so far may have been written. */
  private long due = System.nanoTime();

  /**
   * @param permit throws once nothing more may be written
   */
  PacedStream(OutputStream out, long bytesPerSecond, Runnable permit) {
    super(out);
    this.permit = permit;
    this.bytesPerSecond = bytesPerSecond;
  }

  @Override
  public void write(int b) throws IOException {
    out.write(b);
    pace(1);
  }

  @Override
  public void write(byte[] bytes, int from, int length) throws IOException {
    permit.run();
    out.write(bytes, from, length);
    pace(length);
  }

  private void pace(int bytes) throws IOException {
    long now = System.nanoTime();
    due = Math.max(due, now - LEAST_WAIT_NANOS) + bytes * 1_000_000_000L / bytesPerSecond;
    if (due - now < LEAST_WAIT_NANOS) {
      return;
    }
    try {
      TimeUnit.NANOSECONDS.sleep(due - now);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("The server is stopping.");
    }
  }
}
