package org.kvstore.client;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.api.Headers;

/**
 * One node of a fake cluster, on a port of its own. A test says how its next requests fail; without
 * that, it does them. A stopped node refuses connections.
 */
final class FakeNode implements AutoCloseable {
  private static final int NEVER_REACHED = 1 << 20;

  private final FakeCluster cluster;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final CountDownLatch closing = new CountDownLatch(1);
  private final FakeWatch watch = new FakeWatch();
  private final ConcurrentLinkedQueue<Request> requests = new ConcurrentLinkedQueue<>();
  private final ConcurrentLinkedQueue<Fault> faults = new ConcurrentLinkedQueue<>();
  private final AtomicInteger listsTold = new AtomicInteger();
  private final HttpServer http;
  private volatile @Nullable String clusterDocument;
  private volatile boolean last;

  /** How a request fails. */
  private sealed interface Fault {}

  /** The connection ends without an answer. */
  private record Broken(boolean applied) implements Fault {}

  /** Nothing happens any more. */
  private record Hung() implements Fault {}

  /** Another answer is given, and nothing is done. */
  private record Answered(FakeCluster.Reply reply) implements Fault {}

  /** The connection ends after some lines of the answer. */
  private record Cut(int lines) implements Fault {}

  /**
   * A request.
   *
   * @param name its Idempotency-Key; or null
   */
  record Request(
      String method, String path, @Nullable String name, boolean ifAbsent, String body) {}

  FakeNode(FakeCluster cluster) {
    this.cluster = cluster;
    try {
      http = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
    http.createContext("/", this::handle);
    http.setExecutor(threads);
    http.start();
  }

  URI uri() {
    return URI.create("http://127.0.0.1:" + http.getAddress().getPort());
  }

  FakeWatch watch() {
    return watch;
  }

  /** The requests so far, in order, but those for the list of nodes. */
  List<Request> requests() {
    return List.copyOf(requests);
  }

  FakeNode breakBeforeDoing() {
    faults.add(new Broken(false));
    return this;
  }

  FakeNode breakAfterDoing() {
    faults.add(new Broken(true));
    return this;
  }

  FakeNode hang() {
    faults.add(new Hung());
    return this;
  }

  /** How often it has been asked for the list of nodes. */
  int listsTold() {
    return listsTold.get();
  }

  /** Stops the node when its next request has been answered. */
  void stopAfterNext() {
    last = true;
  }

  FakeNode cutAfter(int lines) {
    faults.add(new Cut(lines));
    return this;
  }

  FakeNode answer(ErrorCode code, @Nullable String retryAfter) {
    faults.add(new Answered(cluster.problem(code, retryAfter)));
    return this;
  }

  FakeNode answerHtml(int status) {
    byte[] body = "<h1>Not here</h1>".getBytes(StandardCharsets.UTF_8);
    faults.add(
        new Answered(new FakeCluster.Reply(status, Map.of("Content-Type", "text/html"), body)));
    return this;
  }

  /** Lets {@code GET /v1/cluster} name these nodes. */
  void tellOf(FakeNode... nodes) {
    StringBuilder list = new StringBuilder();
    for (FakeNode node : nodes) {
      list.append(list.length() == 0 ? "" : ",")
          .append(
              "{\"id\":\"n\",\"url\":\"%s\",\"raftAddress\":\"a:1\",\"alive\":true,\"self\":false}"
                  .formatted(node.uri()));
    }
    clusterDocument =
        ("{\"clusterId\":\"c\",\"nodes\":[%s],\"shards\":[],\"system\":"
                + "{\"number\":0,\"leader\":\"n\",\"term\":1,\"replicas\":[],\"quorum\":true}}")
            .formatted(list);
  }

  /** Ends the node: its connections break, and new ones are refused. */
  void stop() {
    closing.countDown();
    http.stop(0);
    threads.shutdownNow();
  }

  @Override
  public void close() {
    stop();
  }

  private void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      Request request = read(exchange);
      if (request.path().equals("/v1/cluster")) {
        answerCluster(exchange);
        return;
      }
      requests.add(request);
      if (request.path().equals("/v1/watch") && faults.isEmpty()) {
        watch.answer(exchange);
        return;
      }
      answer(exchange, request, faults.poll());
      if (last) {
        stop();
      }
    } catch (InterruptedException stopping) {
      Thread.currentThread().interrupt();
    }
  }

  private void answer(HttpExchange exchange, Request request, @Nullable Fault fault)
      throws IOException, InterruptedException {
    if (fault == null) {
      cluster.reply(request).send(exchange);
    } else if (fault instanceof Answered other) {
      other.reply().send(exchange);
    } else if (fault instanceof Hung) {
      closing.await();
    } else if (fault instanceof Cut cut) {
      sendSome(exchange, cluster.reply(request), cut.lines());
    } else if (fault instanceof Broken broken && broken.applied()) {
      // The connection ends with the exchange, which has no answer.
      Objects.requireNonNull(cluster.reply(request));
    }
  }

  /** The length that was promised is not reached, so that the client sees a break. */
  private static void sendSome(HttpExchange exchange, FakeCluster.Reply reply, int lines)
      throws IOException {
    reply.headers().forEach(exchange.getResponseHeaders()::set);
    exchange.sendResponseHeaders(reply.status(), NEVER_REACHED);
    for (String line :
        new String(reply.body(), StandardCharsets.UTF_8).lines().limit(lines).toList()) {
      exchange.getResponseBody().write((line + "\n").getBytes(StandardCharsets.UTF_8));
    }
    exchange.getResponseBody().flush();
  }

  private void answerCluster(HttpExchange exchange) throws IOException {
    String document = clusterDocument;
    FakeCluster.Reply reply =
        document == null
            ? cluster.problem(ErrorCode.NOT_FOUND, null)
            : new FakeCluster.Reply(
                200,
                Map.of("Content-Type", "application/json"),
                document.getBytes(StandardCharsets.UTF_8));
    reply.send(exchange);
    listsTold.incrementAndGet();
  }

  private static Request read(HttpExchange exchange) throws IOException {
    return new Request(
        exchange.getRequestMethod(),
        exchange.getRequestURI().getPath(),
        exchange.getRequestHeaders().getFirst(Headers.IDEMPOTENCY_KEY),
        exchange.getRequestHeaders().containsKey("If-None-Match"),
        new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
  }
}
