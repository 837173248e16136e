package org.kvstore.client;

import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Splits a stream of UTF-8 into lines, which end with LF, CR or both, as Server-Sent Events have
 * them. A line is handed out as soon as its end has arrived.
 */
final class LineStream implements Closeable {
  /** Longest line, in bytes: room for the largest sensible value in JSON. */
  static final int MAX_LINE_BYTES = 64 << 20;

  private static final int BUFFER_BYTES = 8 << 10;

  private final InputStream in;
  private final byte[] buffer = new byte[BUFFER_BYTES];
  private final ByteArrayOutputStream line = new ByteArrayOutputStream();
  private int position;
  private int end;
  private boolean afterCarriageReturn;

  LineStream(InputStream in) {
    this.in = in;
  }

  /**
   * The next line without its end; null at the end of the stream.
   *
   * @throws IOException if the stream fails, or a line exceeds {@link #MAX_LINE_BYTES}
   */
  @Nullable String next() throws IOException {
    line.reset();
    while (fill()) {
      if (afterCarriageReturn && buffer[position] == '\n') {
        position++;
        afterCarriageReturn = false;
        continue;
      }
      afterCarriageReturn = false;
      int start = position;
      while (position < end && buffer[position] != '\n' && buffer[position] != '\r') {
        position++;
      }
      append(start);
      if (position < end) {
        afterCarriageReturn = buffer[position++] == '\r';
        return line.toString(StandardCharsets.UTF_8);
      }
    }
    return line.size() == 0 ? null : line.toString(StandardCharsets.UTF_8);
  }

  private boolean fill() throws IOException {
    if (position == end) {
      position = 0;
      end = Math.max(0, in.read(buffer));
    }
    return position < end;
  }

  private void append(int start) throws IOException {
    if (line.size() + position - start > MAX_LINE_BYTES) {
      throw new IOException("a line is longer than " + MAX_LINE_BYTES + " bytes");
    }
    line.write(buffer, start, position - start);
  }

  @Override
  public void close() throws IOException {
    in.close();
  }
}
