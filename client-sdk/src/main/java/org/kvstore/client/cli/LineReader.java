package org.kvstore.client.cli;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import org.jspecify.annotations.Nullable;

/** Splits a stream into lines of bytes, and counts the bytes for a progress bar. */
final class LineReader {
  /** Longest line, in bytes: room for the largest sensible value in base64. */
  static final int MAX_LINE_BYTES = 64 << 20;

  private final InputStream in;
  private long bytesRead;

  LineReader(InputStream in) {
    this.in = new BufferedInputStream(in, 1 << 16);
  }

  /** Number of bytes consumed so far. */
  long bytesRead() {
    return bytesRead;
  }

  /**
   * The next line without its line end; null at the end of the stream.
   *
   * @throws IOException if the stream fails, or a line exceeds {@link #MAX_LINE_BYTES}
   */
  byte @Nullable [] next() throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream(256);
    int read = in.read();
    if (read < 0) {
      return null;
    }
    while (read >= 0) {
      bytesRead++;
      if (read == '\n') {
        break;
      }
      if (line.size() == MAX_LINE_BYTES) {
        throw new IOException("a line is longer than " + MAX_LINE_BYTES + " bytes");
      }
      line.write(read);
      read = in.read();
    }
    return line.toByteArray();
  }
}
