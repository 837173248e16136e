package org.kvstore.server.api;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;

/**
 * A body that comes for long, of which every byte counts, whatever becomes of it. {@link #nanoTime}
 * stands still while its thread waits for its caller's bytes, which is no slowness of the client.
 */
final class PacedInput extends FilterInputStream {
  /** Read at once; what is read is paid for before more is. */
  private static final int MOST = 8 << 10;

  private final Pace pace;
  private long rested;

  PacedInput(InputStream in, Pace pace) {
    super(in);
    this.pace = pace;
  }

  /** The time that the client has had, in nanoseconds from any moment on. */
  long nanoTime() {
    return System.nanoTime() - rested;
  }

  @Override
  public int read() throws IOException {
    int read = in.read();
    paid(read < 0 ? 0 : 1);
    return read;
  }

  @Override
  public int read(byte[] buffer, int from, int length) throws IOException {
    int read = in.read(buffer, from, Math.min(length, MOST));
    paid(Math.max(0, read));
    return read;
  }

  private void paid(int bytes) throws IOException {
    long owed = pace.moved(bytes);
    if (owed > 0) {
      long began = System.nanoTime();
      pace.rest(owed);
      rested += System.nanoTime() - began;
    }
  }
}
