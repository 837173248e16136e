package org.kvstore.client;

import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.LinkedBlockingQueue;

/** The event streams of the fake server: a test says what each of them sends, and when it ends. */
public final class FakeWatch {
  private static final String END = "<end>";
  private static final String CUT = "<cut>";
  private static final int NEVER_REACHED = 1 << 30;

  private final BlockingQueue<String> script = new LinkedBlockingQueue<>();
  private final ConcurrentLinkedQueue<String> lastEventIds = new ConcurrentLinkedQueue<>();

  /** Sends progress at a position. */
  public FakeWatch progress(String position) {
    return send("event: progress\nid: " + position + "\ndata: {}\n\n");
  }

  /** Sends a put of a key whose value is its revision; with a position it ends the revision. */
  public FakeWatch put(String key, long revision, String... position) {
    return send(event("put", key, revision, position));
  }

  /** Sends a delete. */
  public FakeWatch delete(String key, long revision, String... position) {
    return send(event("delete", key, revision, position));
  }

  /** Sends a text as it is. */
  public FakeWatch send(String text) {
    script.add(text);
    return this;
  }

  /** Ends the stream as a server does that shuts down. */
  public FakeWatch end() {
    return send(END);
  }

  /** Breaks the connection. */
  public FakeWatch cut() {
    return send(CUT);
  }

  /** The position that each connection began after, empty for none. */
  public List<String> lastEventIds() {
    return List.copyOf(lastEventIds);
  }

  /** The text of one event. */
  public static String event(String type, String key, long revision, String... position) {
    String value = type.equals("put") ? "\"value\":\"" + revision + "\"," : "";
    String id = position.length == 0 ? "" : "id: " + position[0] + "\n";
    String entry = "{\"key\":\"%s\",%s\"modRevision\":%d}".formatted(key, value, revision);
    String rest = "\"reason\":\"client\",\"time\":\"2030-01-01T00:00:00Z\"";
    return "event: %s\n%sdata: {\"type\":\"%s\",\"entry\":%s,%s}\n\n"
        .formatted(type, id, type, entry, rest);
  }

  void answer(HttpExchange exchange) throws IOException, InterruptedException {
    String last = exchange.getRequestHeaders().getFirst("Last-Event-ID");
    lastEventIds.add(last == null ? "" : last);
    exchange.getResponseHeaders().set("Content-Type", "text/event-stream");
    // A length that is never reached lets a connection break instead of ending.
    exchange.sendResponseHeaders(200, CUT.equals(lookAhead()) ? NEVER_REACHED : 0);
    while (true) {
      String text = script.take();
      if (text.equals(END) || text.equals(CUT)) {
        return;
      }
      exchange.getResponseBody().write(text.getBytes(StandardCharsets.UTF_8));
      exchange.getResponseBody().flush();
    }
  }

  /** How the connection will end, as far as the script goes. */
  private String lookAhead() {
    return script.stream()
        .filter(text -> text.equals(END) || text.equals(CUT))
        .findFirst()
        .orElse("");
  }
}
