package org.kvstore.client;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import jakarta.json.bind.Jsonb;
import jakarta.json.bind.JsonbBuilder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.CompactedDocument;
import org.kvstore.api.DeletedDocument;
import org.kvstore.api.EntryDocument;
import org.kvstore.api.ErrorCode;
import org.kvstore.api.Headers;
import org.kvstore.api.LeaseDocument;
import org.kvstore.api.LineDocument;
import org.kvstore.api.ListingDocument;
import org.kvstore.api.MediaTypes;
import org.kvstore.api.Problem;
import org.kvstore.api.StatusDocument;

/**
 * A small server that speaks as much of the contract as the client needs, over real sockets. It
 * keeps the raw request lines, and can be told to fail the next request.
 */
public final class FakeServer implements AutoCloseable {
  private static final String KEYS = "/v1/kv/";
  private static final String LEASES = "/v1/leases/";
  private static final String JSON = "application/json";

  private final HttpServer http;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final Jsonb json = JsonbBuilder.create();
  private final FakeStore store = new FakeStore();
  private final FakeOperations operations = new FakeOperations(store);
  private final FakeWatch watch = new FakeWatch();
  private final FakeLeases leases = new FakeLeases();
  private final ConcurrentLinkedQueue<String> bodies = new ConcurrentLinkedQueue<>();
  private final ConcurrentLinkedQueue<String> requests = new ConcurrentLinkedQueue<>();
  private final ConcurrentLinkedQueue<Canned> canned = new ConcurrentLinkedQueue<>();

  /** An answer given instead of the store's. */
  public record Canned(int status, String contentType, String body) {}

  static {
    // Without it, each answer in two parts waits for a delayed acknowledgement: 40 ms.
    System.setProperty("sun.net.httpserver.nodelay", "true");
  }

  /** Starts the server on a free port of the loopback interface. */
  public FakeServer() {
    try {
      http = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
    http.createContext("/", this::handle);
    http.setExecutor(threads);
    http.start();
  }

  public URI uri() {
    return URI.create("http://127.0.0.1:" + http.getAddress().getPort());
  }

  /** What is stored, by key. */
  public FakeStore store() {
    return store;
  }

  /** What the event streams send. */
  public FakeWatch watch() {
    return watch;
  }

  /** The body of each request so far, in order. */
  public List<String> bodies() {
    return List.copyOf(bodies);
  }

  /** Method and raw target of each request so far, in order. */
  public List<String> requests() {
    return List.copyOf(requests);
  }

  /** Answers the next request with this, whatever it is. */
  public void answerNext(int status, String contentType, String body) {
    canned.add(new Canned(status, contentType, body));
  }

  /** Answers the next request with a problem. */
  public void failNext(ErrorCode code) {
    answerNext(code.status(), MediaTypes.PROBLEM, json.toJson(problem(code, null)));
  }

  @Override
  public void close() {
    store.close();
    http.stop(0);
    threads.shutdownNow();
  }

  private void handle(HttpExchange exchange) throws IOException {
    requests.add(exchange.getRequestMethod() + " " + exchange.getRequestURI());
    try (exchange) {
      Canned answer = canned.poll();
      byte[] body = exchange.getRequestBody().readAllBytes();
      bodies.add(new String(body, StandardCharsets.UTF_8));
      if (answer != null) {
        send(exchange, answer.status(), answer.contentType(), utf8(answer.body()));
        return;
      }
      route(exchange, body);
    } catch (InterruptedException closing) {
      Thread.currentThread().interrupt();
    }
  }

  private void route(HttpExchange exchange, byte[] body) throws IOException, InterruptedException {
    String path = exchange.getRequestURI().getRawPath();
    if (path.startsWith(KEYS)) {
      String plus = path.substring(KEYS.length()).replace("+", "%2B");
      one(exchange, URLDecoder.decode(plus, StandardCharsets.UTF_8), body);
      return;
    }
    if (path.startsWith(LEASES)) {
      lease(exchange, path.substring(LEASES.length()));
      return;
    }
    String text = new String(body, StandardCharsets.UTF_8);
    switch (path) {
      case "/v1/kv" -> many(exchange);
      case "/v1/batch" -> send(exchange, 200, MediaTypes.NDJSON, utf8(operations.batch(text)));
      case "/v1/txn" -> send(exchange, 200, JSON, utf8(operations.transact(text)));
      case "/v1/watch" -> watch.answer(exchange);
      case "/v1/leases" -> sendJson(exchange, leases.grant());
      case "/v1/admin/compact" -> sendJson(exchange, new CompactedDocument(store.revision()));
      case "/v1/status" -> sendJson(exchange, status());
      case "/health/ready" -> send(exchange, 200, "application/json", utf8("{}"));
      default -> sendProblem(exchange, ErrorCode.NOT_FOUND, null);
    }
  }

  private void one(HttpExchange exchange, String key, byte[] body)
      throws IOException, InterruptedException {
    switch (exchange.getRequestMethod()) {
      case "PUT" -> put(exchange, key, body);
      case "PATCH" -> patch(exchange, key, new String(body, StandardCharsets.UTF_8));
      case "DELETE" -> delete(exchange, key);
      case "GET", "HEAD" -> get(exchange, key);
      default -> sendProblem(exchange, ErrorCode.METHOD_NOT_ALLOWED, null);
    }
  }

  private void put(HttpExchange exchange, String key, byte[] body) throws IOException {
    String ttl = query(exchange).get("ttl");
    Instant expiry = ttl == null ? null : Instant.now().plus(Duration.parse(ttl));
    boolean keep = "true".equals(query(exchange).get("keepTtl"));
    String type = exchange.getRequestHeaders().getFirst("Content-Type");
    FakeStore.Stored earlier;
    FakeStore.Stored now;
    synchronized (store) {
      earlier = store.find(key);
      if (fails(exchange, earlier)) {
        sendProblem(exchange, ErrorCode.PRECONDITION_FAILED, earlier);
        return;
      }
      now = store.put(key, body, type, keep && earlier != null ? earlier.expiresAt() : expiry);
    }
    describe(exchange, now);
    exchange.sendResponseHeaders(earlier == null ? 201 : 204, -1);
  }

  /** Increments are done; other patches become the value, for a test to see. */
  private void patch(HttpExchange exchange, String key, String body) throws IOException {
    String type = exchange.getRequestHeaders().getFirst("Content-Type");
    String value = body;
    if (MediaTypes.INCREMENT.equals(type)) {
      FakeStore.Stored earlier = store.find(key);
      String text = earlier == null ? "0" : new String(earlier.value(), StandardCharsets.UTF_8);
      value = new BigDecimal(text).add(new BigDecimal(body.replaceAll("[^0-9.E-]", ""))).toString();
    }
    FakeStore.Stored now = store.put(key, utf8(value), type, null);
    describe(exchange, now);
    send(exchange, 200, now.contentType(), now.value());
  }

  private void lease(HttpExchange exchange, String id) throws IOException {
    LeaseDocument lease = leases.find(id);
    if (lease == null) {
      sendProblem(exchange, ErrorCode.NOT_FOUND, null);
      return;
    }
    if (exchange.getRequestMethod().equals("DELETE")) {
      exchange.sendResponseHeaders(leases.revoke(id) ? 204 : 404, -1);
      return;
    }
    sendJson(exchange, lease);
  }

  private void delete(HttpExchange exchange, String key) throws IOException {
    synchronized (store) {
      FakeStore.Stored earlier = store.find(key);
      if (earlier == null) {
        sendProblem(exchange, ErrorCode.NOT_FOUND, null);
        return;
      }
      if (fails(exchange, earlier)) {
        sendProblem(exchange, ErrorCode.PRECONDITION_FAILED, earlier);
        return;
      }
      store.remove(key);
    }
    exchange.sendResponseHeaders(204, -1);
  }

  private void get(HttpExchange exchange, String key) throws IOException, InterruptedException {
    String known = exchange.getRequestHeaders().getFirst("If-None-Match");
    String prefer = exchange.getRequestHeaders().getFirst(Headers.PREFER);
    long seconds = prefer == null ? 0 : Long.parseLong(prefer.substring("wait=".length()));
    FakeStore.Stored stored = store.await(key, known, Duration.ofSeconds(seconds));
    if (stored == null) {
      sendProblem(exchange, ErrorCode.NOT_FOUND, null);
      return;
    }
    describe(exchange, stored);
    if (stored.etag().equals(known)) {
      exchange.sendResponseHeaders(304, -1);
      return;
    }
    send(exchange, 200, stored.contentType(), stored.value());
  }

  private void many(HttpExchange exchange) throws IOException {
    Map<String, String> query = query(exchange);
    String prefix = query.getOrDefault("prefix", "");
    NavigableMap<String, FakeStore.Stored> range = store.range(prefix);
    if (exchange.getRequestMethod().equals("DELETE")) {
      if (prefix.isEmpty() && !query.containsKey("all")) {
        sendProblem(exchange, ErrorCode.REQUEST_INVALID, null);
        return;
      }
      range.keySet().forEach(store::remove);
      sendJson(exchange, new DeletedDocument(range.size()));
      return;
    }
    if (MediaTypes.NDJSON.equals(exchange.getRequestHeaders().getFirst("Accept"))) {
      send(exchange, 200, MediaTypes.NDJSON, utf8(lines(range)));
      return;
    }
    sendJson(exchange, page(range, query));
  }

  private static ListingDocument page(
      NavigableMap<String, FakeStore.Stored> range, Map<String, String> query) {
    if (query.containsKey("countOnly")) {
      return new ListingDocument(List.of(), null, range.size(), null, "p");
    }
    int limit = Integer.parseInt(query.getOrDefault("limit", "100"));
    String cursor = query.get("cursor");
    List<EntryDocument> rest =
        (cursor == null ? range : range.tailMap(cursor, false))
            .entrySet().stream()
                .limit(limit + 1L)
                .map(e -> e.getValue().document(e.getKey(), !query.containsKey("keysOnly")))
                .toList();
    boolean more = rest.size() > limit;
    List<EntryDocument> page = more ? rest.subList(0, limit) : rest;
    String next = more ? page.get(limit - 1).key() : null;
    return new ListingDocument(page, null, page.size(), next, "p");
  }

  private String lines(NavigableMap<String, FakeStore.Stored> range) {
    StringBuilder lines = new StringBuilder();
    range.forEach(
        (key, stored) -> {
          EntryDocument document = stored.document(key, true);
          lines
              .append(
                  json.toJson(
                      new LineDocument(
                          "put",
                          key,
                          document.value(),
                          document.valueBase64(),
                          document.contentType(),
                          document.expiresAt())))
              .append('\n');
        });
    return lines.toString();
  }

  private static StatusDocument status() {
    return new StatusDocument(
        "1.2.3",
        "standalone",
        "store-1",
        List.of(new StatusDocument.Shard(0, 42, 0, 3, 4096)),
        List.of("127.0.0.1:8080"),
        0.5,
        61,
        new StatusDocument.Storage(4096, 1L << 20, 1L << 30, 256L << 20, false));
  }

  private static boolean fails(HttpExchange exchange, FakeStore.@Nullable Stored stored) {
    String ifMatch = exchange.getRequestHeaders().getFirst("If-Match");
    String ifNoneMatch = exchange.getRequestHeaders().getFirst("If-None-Match");
    if ("*".equals(ifNoneMatch) && stored != null) {
      return true;
    }
    return ifMatch != null
        && (stored == null || !(ifMatch.equals("*") || ifMatch.equals(stored.etag())));
  }

  private static void describe(HttpExchange exchange, FakeStore.Stored stored) {
    var headers = exchange.getResponseHeaders();
    headers.set("ETag", stored.etag());
    headers.set(Headers.CREATE_REVISION, Long.toString(stored.createRevision()));
    headers.set(Headers.MOD_REVISION, Long.toString(stored.modRevision()));
    headers.set(Headers.VERSION, Long.toString(stored.version()));
    if (stored.expiresAt() != null) {
      headers.set(Headers.EXPIRES_AT, stored.expiresAt().toString());
    }
  }

  static Problem problem(ErrorCode code, FakeStore.@Nullable Stored stored) {
    String type = "urn:kvstore:problem:" + code;
    String etag = stored == null ? null : stored.etag();
    return new Problem(
        type,
        code.title(),
        code.status(),
        "because",
        "/x",
        code.name(),
        "r-7",
        etag,
        null,
        null,
        null);
  }

  private void sendProblem(HttpExchange exchange, ErrorCode code, FakeStore.@Nullable Stored stored)
      throws IOException {
    String body = json.toJson(problem(code, stored));
    send(exchange, code.status(), MediaTypes.PROBLEM, utf8(body));
  }

  private void sendJson(HttpExchange exchange, Object document) throws IOException {
    send(exchange, 200, "application/json", utf8(json.toJson(document)));
  }

  private static void send(HttpExchange exchange, int status, String type, byte[] body)
      throws IOException {
    exchange.getResponseHeaders().set("Content-Type", type);
    boolean bodiless = exchange.getRequestMethod().equals("HEAD") || body.length == 0;
    exchange.sendResponseHeaders(status, bodiless ? -1 : body.length);
    if (!bodiless) {
      exchange.getResponseBody().write(body);
    }
  }

  private static Map<String, String> query(HttpExchange exchange) {
    Map<String, String> query = new HashMap<>();
    String raw = exchange.getRequestURI().getRawQuery();
    for (String pair : raw == null ? new String[0] : raw.split("&")) {
      int equals = pair.indexOf('=');
      query.put(
          pair.substring(0, equals),
          URLDecoder.decode(pair.substring(equals + 1), StandardCharsets.UTF_8));
    }
    return query;
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
