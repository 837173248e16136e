package org.kvstore.server.api;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;

/**
 * An answer that goes on for long, a few thousand bytes at once. What is written goes on its way
 * before its thread waits for its caller's bytes, so that a client does not take it for dead.
 */
final class PacedOutput extends FilterOutputStream {
  private final Pace pace;

  PacedOutput(OutputStream out, Pace pace) {
    super(out);
    this.pace = pace;
  }

  @Override
  public void write(int b) throws IOException {
    out.write(b);
    paid(1);
  }

  @Override
  public void write(byte[] bytes, int from, int length) throws IOException {
    out.write(bytes, from, length);
    paid(length);
  }

  private void paid(int bytes) throws IOException {
    long owed = pace.moved(bytes);
    if (owed > 0) {
      out.flush();
      pace.rest(owed);
    }
  }
}
