package org.kvstore.server.api;

import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;

/**
 * Splits a stream into lines, in constant memory: of a line that is too long it keeps nothing. A
 * line that the stream ends within is one too.
 */
final class LineReader {
  private final InputStream in;
  private final int maxLine;
  private byte[] buffer = new byte[64 << 10];
  private int start;
  private int end;
  private boolean ended;

  /** Where the newest line is in {@link #buffer}. */
  private int lineStart;

  private int lineLength;
  private boolean tooLong;

  /**
   * @param maxLine longest line: bytes
   */
  LineReader(InputStream in, int maxLine) {
    this.in = in;
    this.maxLine = maxLine;
  }

  /** Goes to the next line; false at the end. */
  boolean next() throws IOException {
    tooLong = false;
    int searched = start;
    while (true) {
      int at = newline(searched);
      if (at >= 0) {
        take(at, at + 1);
        return true;
      }
      if (ended) {
        boolean rest = start < end || tooLong;
        take(end, end);
        return rest;
      }
      if (end - start > maxLine) {
        tooLong = true;
        start = 0;
        end = 0;
      }
      int kept = end - start;
      fill();
      searched = start + kept;
    }
  }

  private void take(int to, int next) {
    lineStart = start;
    lineLength = to - start;
    tooLong |= lineLength > maxLine;
    start = next;
  }

  /** Whether the newest line is beyond the limit. */
  boolean isTooLong() {
    return tooLong;
  }

  byte[] buffer() {
    return buffer;
  }

  int lineStart() {
    return lineStart;
  }

  int lineLength() {
    return lineLength;
  }

  /** Whether there is nothing on the newest line but white space. */
  boolean isBlank() {
    for (int i = lineStart; i < lineStart + lineLength; i++) {
      if (buffer[i] != ' ' && buffer[i] != '\t' && buffer[i] != '\r') {
        return false;
      }
    }
    return !tooLong;
  }

  private int newline(int from) {
    for (int i = from; i < end; i++) {
      if (buffer[i] == '\n') {
        return i;
      }
    }
    return -1;
  }

  private void fill() throws IOException {
    if (start > 0) {
      System.arraycopy(buffer, start, buffer, 0, end - start);
      end -= start;
      start = 0;
    }
    if (end == buffer.length) {
      buffer = Arrays.copyOf(buffer, Math.min(2 * buffer.length, maxLine + (64 << 10)));
    }
    int read = in.read(buffer, end, buffer.length - end);
    if (read < 0) {
      ended = true;
    } else {
      end += read;
    }
  }
}
