package org.kvstore.server.api;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import org.kvstore.server.security.Allowance;

/** An answer that goes on for long: its thread, which is its own, waits for its caller's bytes. */
final class PacedOutput extends FilterOutputStream {
  private final Allowance allowance;

  PacedOutput(OutputStream out, Allowance allowance) {
    super(out);
    this.allowance = allowance;
  }

  @Override
  public void write(int b) throws IOException {
    out.write(b);
    allowance.pace(1);
  }

  @Override
  public void write(byte[] bytes, int from, int length) throws IOException {
    out.write(bytes, from, length);
    allowance.pace(length);
  }
}
