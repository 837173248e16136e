package org.kvstore.client;

import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.StringJoiner;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * Does with the HTTP client of the Java runtime what those of Jakarta REST cannot: it opens event
 * streams, which have no end, as they cannot close an answer before they have read it; and it sends
 * bodies of any size, of which they hold a copy.
 *
 * <p>The providers that an application may have registered with the REST client do not take part.
 */
final class Connector {
  /** Three times the interval in which the service sends something. */
  static final Duration MOST_IDLE = Duration.ofSeconds(45);

  private static final Duration LONGEST_POST = Duration.ofDays(1);
  private static final int MAX_PROBLEM_BYTES = 64 << 10;

  private final Supplier<List<URI>> servers;
  private final HttpClient http;
  private final Times times;
  private final @Nullable Supplier<String> token;

  private Connector(
      Supplier<List<URI>> servers, HttpClient http, Times times, @Nullable Supplier<String> token) {
    this.servers = servers;
    this.http = http;
    this.times = times;
    this.token = token;
  }

  /**
   * A connector for servers, each of which can do whatever is asked.
   *
   * @param servers where they are, in the order in which they are to be asked now
   * @param context what TLS connections are made with; null for what the Java runtime has
   */
  static Connector of(Supplier<List<URI>> servers, Times times, @Nullable SSLContext context) {
    HttpClient.Builder builder =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(times.connect());
    if (context != null) {
      builder.sslContext(context);
    }
    return new Connector(servers, builder.build(), times, null);
  }

  /** The same with a token that says who is asking; without one for null. */
  Connector with(@Nullable Supplier<String> bearer) {
    return new Connector(servers, http, times, bearer);
  }

  /** A source that opens the stream of a watch, each time elsewhere if there are several nodes. */
  WatchSource source(WatchOptions options) {
    String path = "/v1/watch" + query(options);
    AtomicReference<URI> last = new AtomicReference<>();
    return lastEventId -> anywhereBut(last, server -> open(target(server, path), lastEventId));
  }

  /**
   * Asks one server after the other until one can do it, the one that was asked last at the end: it
   * has ended what it gave, or has been silent. Somebody else may answer at the address of one,
   * such as a server whose application has not started yet.
   */
  private <T> T anywhereBut(AtomicReference<URI> last, Function<URI, T> request) {
    List<URI> order = new ArrayList<>(servers.get());
    if (order.remove(last.get())) {
      order.add(last.get());
    }
    KeyValueException hopeful = null;
    for (Iterator<URI> rest = order.iterator(); ; ) {
      URI server = rest.next();
      try {
        T answer = request.apply(server);
        last.set(server);
        return answer;
      } catch (KeyValueException failed) {
        boolean isStranger = failed.code().isEmpty();
        if (!isStranger && !(failed instanceof UnavailableException)) {
          throw failed;
        }
        hopeful = isStranger && hopeful != null ? hopeful : failed;
        if (!rest.hasNext()) {
          throw hopeful;
        }
      }
    }
  }

  /**
   * Sends a body and returns the answer's, to the first server that can be reached. There is no
   * time-out but a day: how long a server works at it grows with the body.
   *
   * @param size of the body, or -1 when it is not known
   */
  String post(String path, String type, Supplier<InputStream> body, long size) {
    for (Iterator<URI> rest = servers.get().iterator(); ; ) {
      HttpRequest.Builder request =
          request(target(rest.next(), path))
              .header("Content-Type", type)
              .header("Accept", "application/json")
              .timeout(LONGEST_POST);
      BodyPublisher publisher = BodyPublishers.ofInputStream(body);
      try {
        return post(
            request.POST(size < 0 ? publisher : BodyPublishers.fromPublisher(publisher, size)));
      } catch (UnavailableException failed) {
        // With a status, it has been sent, and a stream may not be there a second time.
        if (failed.status() > 0 || !rest.hasNext()) {
          throw failed;
        }
      }
    }
  }

  private String post(HttpRequest.Builder complete) {
    HttpRequest request = complete.build();
    try {
      HttpResponse<byte[]> answer = http.send(request, BodyHandlers.ofByteArray());
      if (answer.statusCode() >= 400) {
        throw problem(answer, answer.body());
      }
      return new String(answer.body(), StandardCharsets.UTF_8);
    } catch (IOException failed) {
      throw failure(Transport.WRITE, request.uri(), failed);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw Transport.WRITE.failure(interrupted);
    }
  }

  private HttpRequest.Builder request(URI target) {
    HttpRequest.Builder request = HttpRequest.newBuilder(target);
    Supplier<String> bearer = token;
    return bearer == null ? request : request.header("Authorization", TokenFilter.header(bearer));
  }

  private static URI target(URI server, String path) {
    return URI.create(server.toString().replaceFirst("/+$", "") + path);
  }

  private InputStream open(URI target, @Nullable String lastEventId) {
    HttpRequest.Builder request =
        request(target).header("Accept", "text/event-stream").header("Cache-Control", "no-store");
    if (lastEventId != null) {
      request.header("Last-Event-ID", lastEventId);
    }
    // The time-out of a request may cover its endless body too, in later Java runtimes.
    CompletableFuture<HttpResponse<InputStream>> answer =
        http.sendAsync(request.build(), headers -> new BodyStream(times.silence()));
    try {
      return checked(answer.get(times.answer().toMillis(), TimeUnit.MILLISECONDS));
    } catch (ExecutionException failed) {
      Throwable cause = failed.getCause() == null ? failed : failed.getCause();
      throw failure(Transport.READ, target, cause);
    } catch (IOException failed) {
      throw failure(Transport.READ, target, failed);
    } catch (TimeoutException late) {
      answer.cancel(true);
      throw Transport.READ.failure(late);
    } catch (InterruptedException interrupted) {
      answer.cancel(true);
      Thread.currentThread().interrupt();
      throw Transport.READ.failure(interrupted);
    }
  }

  /** The client of the Java runtime does not say whom it could not reach. */
  private static KeyValueException failure(Transport kind, URI target, Throwable failed) {
    if (failed instanceof ConnectException && failed.getMessage() == null) {
      return kind.failure(new ConnectException("no connection to " + target.getAuthority()));
    }
    return kind.failure(failed);
  }

  private static KeyValueException problem(HttpResponse<?> answer, byte[] body) {
    return ProblemMapper.exception(
        answer.statusCode(), body, answer.headers().firstValue("Retry-After").orElse(null));
  }

  private static InputStream checked(HttpResponse<InputStream> response) throws IOException {
    InputStream body = response.body();
    int status = response.statusCode();
    if (status >= 400) {
      try (body) {
        throw problem(response, body.readNBytes(MAX_PROBLEM_BYTES));
      }
    }
    String type = response.headers().firstValue("Content-Type").orElse("");
    if (status != 200 || !type.startsWith("text/event-stream")) {
      body.close();
      throw KeyValueException.notTheService(status, "the type of a watch is " + type, null);
    }
    return body;
  }

  private static String query(WatchOptions options) {
    StringJoiner query = new StringJoiner("&", "?", "").setEmptyValue("");
    KeyRange range = options.range();
    if (options.key() != null) {
      add(query, "key", options.key());
    } else {
      add(query, "prefix", range.prefix());
      add(query, "start", range.start());
      add(query, "end", range.end());
    }
    add(query, "from", options.position());
    add(query, "prev", options.previous() ? "true" : null);
    Change.Type only = options.only();
    add(query, "filter", only == null ? null : only.wireName());
    return query.toString();
  }

  private static void add(StringJoiner query, String name, @Nullable String value) {
    if (value != null) {
      String encoded = URLEncoder.encode(value, StandardCharsets.UTF_8).replace("+", "%20");
      query.add(name + "=" + encoded);
    }
  }
}
