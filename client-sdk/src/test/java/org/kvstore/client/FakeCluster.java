package org.kvstore.client;

import com.sun.net.httpserver.HttpExchange;
import jakarta.json.bind.Jsonb;
import jakarta.json.bind.JsonbBuilder;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.api.Headers;
import org.kvstore.api.MediaTypes;

/**
 * What the fake nodes of a cluster share: the entries, and the writes that had an Idempotency-Key
 * with what was answered. Each node answers as any other does.
 */
final class FakeCluster implements AutoCloseable {
  private static final String KEYS = "/v1/kv/";

  private final Jsonb json = JsonbBuilder.create();
  private final FakeStore store = new FakeStore();
  private final FakeOperations operations = new FakeOperations(store);
  private final Map<String, Reply> remembered = new HashMap<>();
  private final List<FakeNode> nodes = new ArrayList<>();

  /** An answer, as it goes over the wire. */
  record Reply(int status, Map<String, String> headers, byte[] body) {
    static Reply of(int status) {
      return new Reply(status, Map.of(), new byte[0]);
    }

    void send(HttpExchange exchange) throws IOException {
      headers.forEach(exchange.getResponseHeaders()::set);
      exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
      if (body.length > 0) {
        exchange.getResponseBody().write(body);
      }
    }
  }

  /** Takes the first of what it is asked to choose from, so that nodes are asked in their order. */
  static final class InOrder extends Random {
    private static final long serialVersionUID = 1L;

    @Override
    public int nextInt(int bound) {
      return bound - 1;
    }
  }

  FakeCluster(int size) {
    for (int i = 0; i < size; i++) {
      nodes.add(new FakeNode(this));
    }
  }

  FakeNode node(int index) {
    return nodes.get(index);
  }

  FakeStore store() {
    return store;
  }

  /** A client that asks the nodes in their order. */
  KeyValueClientBuilder client() {
    return KeyValueClient.builder(
            String.join(",", nodes.stream().map(FakeNode::uri).map(URI::toString).toList()))
        .random(new InOrder());
  }

  Reply problem(ErrorCode code, @Nullable String retryAfter) {
    String body = json.toJson(FakeServer.problem(code, null));
    Map<String, String> headers = new HashMap<>(Map.of("Content-Type", MediaTypes.PROBLEM));
    if (retryAfter != null) {
      headers.put("Retry-After", retryAfter);
    }
    return new Reply(code.status(), headers, utf8(body));
  }

  /** Does a request; a write whose name is known is answered as the first time, and not done. */
  synchronized Reply reply(FakeNode.Request request) {
    String name = request.name();
    if (name == null || request.path().equals("/v1/batch")) {
      return done(request);
    }
    Reply known = remembered.get(name);
    Reply reply = known == null ? done(request) : known;
    remembered.put(name, reply);
    return reply;
  }

  private Reply done(FakeNode.Request request) {
    if (request.path().equals("/v1/batch")) {
      return batch(request);
    }
    if (request.path().equals("/health/ready")) {
      return Reply.of(200);
    }
    if (!request.path().startsWith(KEYS)) {
      return problem(ErrorCode.NOT_FOUND, null);
    }
    String key = request.path().substring(KEYS.length());
    FakeStore.Stored earlier = store.find(key);
    return switch (request.method()) {
      case "GET" -> earlier == null ? problem(ErrorCode.NOT_FOUND, null) : entry(earlier);
      case "PUT" -> put(key, earlier, request);
      case "DELETE" -> delete(key, earlier);
      default -> problem(ErrorCode.METHOD_NOT_ALLOWED, null);
    };
  }

  private Reply put(String key, FakeStore.@Nullable Stored earlier, FakeNode.Request request) {
    if (request.ifAbsent() && earlier != null) {
      return problem(ErrorCode.PRECONDITION_FAILED, null);
    }
    FakeStore.Stored now = store.put(key, utf8(request.body()), "text/plain", null);
    return new Reply(earlier == null ? 201 : 204, Map.of("ETag", now.etag()), new byte[0]);
  }

  private Reply delete(String key, FakeStore.@Nullable Stored earlier) {
    if (earlier == null) {
      return problem(ErrorCode.NOT_FOUND, null);
    }
    store.remove(key);
    return Reply.of(204);
  }

  private Reply entry(FakeStore.Stored stored) {
    Map<String, String> headers =
        Map.of(
            "ETag",
            stored.etag(),
            "Content-Type",
            stored.contentType(),
            Headers.CREATE_REVISION,
            Long.toString(stored.createRevision()),
            Headers.MOD_REVISION,
            Long.toString(stored.modRevision()),
            Headers.VERSION,
            Long.toString(stored.version()));
    return new Reply(200, headers, stored.value());
  }

  /** Lines are named one by one, as the service does. */
  private Reply batch(FakeNode.Request request) {
    StringBuilder results = new StringBuilder();
    int number = 0;
    for (String line : request.body().lines().toList()) {
      String name = request.name() + "#" + ++number;
      Reply known = request.name() == null ? null : remembered.get(name);
      Reply reply = known == null ? new Reply(200, Map.of(), utf8(operations.batch(line))) : known;
      remembered.put(name, reply);
      results.append(new String(reply.body(), StandardCharsets.UTF_8));
    }
    return new Reply(200, Map.of("Content-Type", MediaTypes.NDJSON), utf8(results.toString()));
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  @Override
  public void close() {
    nodes.forEach(FakeNode::close);
    store.close();
  }
}
