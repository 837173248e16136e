package org.kvstore.client;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import org.jspecify.annotations.Nullable;

/** Reads Server-Sent Events (HTML, section 9.2.6). An event that is cut off is no event. */
final class ServerEvents implements Closeable {
  private final LineStream lines;

  ServerEvents(InputStream in) {
    lines = new LineStream(in);
  }

  /**
   * One event.
   *
   * @param type its type; {@code message} when none is given
   * @param id the id that it carries itself; null without one
   * @param data its data
   */
  record Event(String type, @Nullable String id, String data) {}

  /** The next event; null at the end of the stream. */
  @Nullable Event next() throws IOException {
    String type = "message";
    String id = null;
    StringBuilder data = new StringBuilder();
    for (String line = lines.next(); line != null; line = lines.next()) {
      if (line.isEmpty()) {
        if (data.length() > 0) {
          return new Event(type, id, data.substring(0, data.length() - 1));
        }
        type = "message";
        id = null;
        continue;
      }
      String value = value(line);
      switch (name(line)) {
        case "event" -> type = value;
        case "id" -> id = value;
        case "data" -> append(data, value);
        default -> {} // Comments, retry and what is unknown are ignored.
      }
    }
    return null;
  }

  private static void append(StringBuilder data, String value) throws IOException {
    if (data.length() + value.length() > LineStream.MAX_LINE_BYTES) {
      throw new IOException("an event is longer than " + LineStream.MAX_LINE_BYTES);
    }
    data.append(value).append('\n');
  }

  private static String name(String line) {
    int colon = line.indexOf(':');
    return colon < 0 ? line : line.substring(0, colon);
  }

  private static String value(String line) {
    int colon = line.indexOf(':');
    String value = colon < 0 ? "" : line.substring(colon + 1);
    return value.startsWith(" ") ? value.substring(1) : value;
  }

  @Override
  public void close() throws IOException {
    lines.close();
  }
}
