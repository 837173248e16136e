package org.kvstore.it.support;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.json.JsonObject;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A watch read by hand: Server-Sent Events as they arrive on the socket. */
public final class EventStream implements AutoCloseable {
  private final Answer head;
  private final RawConnection connection;
  private final ByteArrayOutputStream rest = new ByteArrayOutputStream();
  private final Deque<ServerEvent> parsed = new ArrayDeque<>();

  private EventStream(Answer head, RawConnection connection) {
    this.head = head;
    this.connection = connection;
  }

  /**
   * One event.
   *
   * @param type its {@code event:} line
   * @param id its {@code id:} line, or null
   * @param data its {@code data:} line
   */
  public record ServerEvent(String type, @Nullable String id, String data) {
    /** The data as JSON. */
    public JsonObject json() {
      return Answer.json(data);
    }

    /** The key of a change. */
    public String key() {
      return json().getJsonObject("entry").getString("key");
    }

    /** The value of a put. */
    public String value() {
      return json().getJsonObject("entry").getString("value");
    }

    /** The revision of a change. */
    public long revision() {
      return json().getJsonObject("entry").getJsonNumber("modRevision").longValue();
    }
  }

  /** Opens a stream, and checks that it is one. */
  public static EventStream open(RawRequest request) {
    try {
      return open(new RawConnection(request.port()), request);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Opens a stream on a connection, and checks that it is one. */
  public static EventStream open(RawConnection connection, RawRequest request) {
    try {
      connection.send(request.header("Accept", "text/event-stream").bytes());
      return opened(connection.readHead(request.line()), connection);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Opens a stream on a connection; null when the service is not available. */
  public static @Nullable EventStream openIfAvailable(
      RawConnection connection, RawRequest request) {
    try {
      connection.send(request.header("Accept", "text/event-stream").bytes());
      Answer head = connection.readHead(request.line());
      return head.status() == 503 ? null : opened(head, connection);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static EventStream opened(Answer head, RawConnection connection) {
    assertThat(head.status()).as("%s", head).isEqualTo(200);
    assertThat(head.header("Content-Type")).startsWith("text/event-stream");
    return new EventStream(head, connection);
  }

  /** What came before the events. */
  public Answer head() {
    return head;
  }

  /** The next event, whatever it is. */
  public ServerEvent next() {
    try {
      while (parsed.isEmpty()) {
        byte[] chunk = connection.chunk();
        if (chunk.length == 0) {
          throw new EOFException("the stream has ended");
        }
        rest.writeBytes(chunk);
        parse();
      }
      return parsed.remove();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The next event that is a change, or the notice that history is gone. */
  public ServerEvent nextChange() {
    ServerEvent event = next();
    while (event.type().equals("progress")) {
      event = next();
    }
    return event;
  }

  /** The next changes. */
  public List<ServerEvent> nextChanges(int count) {
    List<ServerEvent> events = new ArrayList<>();
    while (events.size() < count) {
      events.add(nextChange());
    }
    return events;
  }

  /** The connection, to be cut. */
  public RawConnection connection() {
    return connection;
  }

  @Override
  public void close() {
    connection.close();
  }

  private void parse() {
    String text = rest.toString(StandardCharsets.UTF_8);
    int end = text.lastIndexOf("\n\n");
    if (end < 0) {
      return;
    }
    rest.reset();
    rest.writeBytes(text.substring(end + 2).getBytes(StandardCharsets.UTF_8));
    for (String block : text.substring(0, end).split("\n\n")) {
      String type = line(block, "event");
      if (type != null) {
        parsed.add(new ServerEvent(type, line(block, "id"), String.valueOf(line(block, "data"))));
      }
    }
  }

  private static @Nullable String line(String block, String field) {
    return block
        .lines()
        .filter(line -> line.startsWith(field + ": "))
        .map(line -> line.substring(field.length() + 2))
        .findFirst()
        .orElse(null);
  }
}
