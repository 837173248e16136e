package org.kvstore.server.api;

import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.api.Problems.Origin;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Failures;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.KeyRange;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.service.ChangeService;
import org.kvstore.server.shard.Position;
import org.kvstore.server.shard.Subscription;
import org.kvstore.server.store.Watch;

/**
 * Changes as they happen: {@code GET /v1/watch}, Server-Sent Events. It is answered over the
 * servlet API, whose output can be written without ever waiting for a slow reader; that of Jakarta
 * REST cannot.
 */
@Singleton
public class WatchEndpoint {
  private static final Set<String> PARAMETERS =
      Set.of("key", "prefix", "start", "end", "from", "prev", "filter");

  private static final String LAST_EVENT_ID = "Last-Event-ID";
  private static final String METHODS = "GET, OPTIONS";

  private final ChangeService service;

  @Inject
  public WatchEndpoint(ChangeService service) {
    this.service = service;
  }

  /** Answers a request, for as long as its client wants. */
  void answer(HttpServletRequest request, HttpServletResponse response) throws IOException {
    try {
      if (request.getMethod().equals("OPTIONS")) {
        Reply.status(200).header("Allow", METHODS).build().send(response, false);
        return;
      }
      if (!request.getMethod().equals("GET")) {
        response.setHeader("Allow", METHODS);
        throw KeyValueException.of(ErrorCode.METHOD_NOT_ALLOWED, "A watch is read with GET.");
      }
      Exchange exchange = Exchange.of(request);
      WatchStream stream = new WatchStream(service, new WatchPace(exchange.allowance()));
      open(watch(request, stream).toCompletableFuture(), stream, request, response);
    } catch (KeyValueException e) {
      ProblemServlet.write(e, request, response);
    }
  }

  /**
   * Opens the stream of a watch once it is there, or answers why it is not. On a node of a cluster
   * this waits for the others to say what is newest, for some seconds at the most.
   */
  private static void open(
      CompletableFuture<Subscription> watch,
      WatchStream stream,
      HttpServletRequest request,
      HttpServletResponse response)
      throws IOException {
    Subscription opened;
    try {
      opened = watch.join();
    } catch (CompletionException e) {
      ProblemMapper.reply(e, Origin.of(request)).send(response, false);
      return;
    }
    try {
      stream.open(opened, request, MeteredResponse.unmetered(response));
      Exchange exchange = Exchange.of(request);
      exchange.goesOn();
      exchange.answered(HttpServletResponse.SC_OK);
    } catch (IOException | RuntimeException e) {
      opened.close();
      throw e;
    }
  }

  /**
   * Opens the watch. Where it begins is said by a parameter or, by a client that reconnects as
   * EventSource does, by a header; what is wrong with it is said of the one that it came from.
   */
  private CompletionStage<Subscription> watch(HttpServletRequest request, WatchStream stream) {
    Query query = Query.of(request, PARAMETERS);
    Watch.Query wanted = wanted(query);
    @Nullable String last = request.getHeader(LAST_EVENT_ID);
    boolean resumes = last != null && !last.isEmpty();
    String field = resumes ? LAST_EVENT_ID : "from";
    @Nullable String token = resumes ? last : query.text("from");
    Position from = token == null ? null : Position.parse(field, token);
    return service
        .watch(Exchange.access(request), wanted, from, stream)
        .exceptionallyCompose(failure -> CompletableFuture.failedStage(of(field, failure)));
  }

  private static Throwable of(String field, Throwable failure) {
    return Failures.causeOf(failure) instanceof KeyValueException e
            && e.code() == ErrorCode.REQUEST_INVALID
        ? e.withField(field)
        : failure;
  }

  private static Watch.Query wanted(Query query) {
    String filter =
        query.has("filter") ? query.choice("filter", "put", Set.of("put", "delete")) : "";
    return new Watch.Query(
        range(query), !filter.equals("delete"), !filter.equals("put"), query.flag("prev"));
  }

  private static KeyRange range(Query query) {
    if (!query.has("key")) {
      return Listing.range(query);
    }
    if (query.has("prefix") || query.has("start") || query.has("end")) {
      throw KeyValueException.invalid("key", "It is not combined with prefix, start or end.");
    }
    Bytes key = Key.of(query.required("key")).utf8();
    return new KeyRange(key, key.successor());
  }
}
