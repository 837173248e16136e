package org.kvstore.server.api;

import jakarta.inject.Inject;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.FilterChain;
import jakarta.servlet.RequestDispatcher;
import jakarta.servlet.ServletException;
import jakarta.servlet.annotation.WebFilter;
import jakarta.servlet.http.HttpFilter;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Limits;
import org.kvstore.server.ops.RequestKind;
import org.kvstore.server.ops.RequestMetrics;
import org.kvstore.server.ops.RequestSpan;
import org.kvstore.server.ops.Traces;
import org.kvstore.server.service.KeyValueService;

/**
 * The first to see a request. It reads what Jakarta REST and the container would bend: they strip a
 * trailing slash and matrix parameters from a path and replace bad UTF-8, so that one key would be
 * read as another.
 *
 * <p>The key of {@code /v1/kv/{key}} is decoded here, byte for byte, from the raw request target,
 * and handed to {@link EntryEndpoint}. {@link Framing} and {@link Admission} say what is refused.
 */
@WebFilter(
    urlPatterns = "/*",
    asyncSupported = true,
    dispatcherTypes = {DispatcherType.REQUEST, DispatcherType.ASYNC})
public class RequestGate extends HttpFilter {
  private static final long serialVersionUID = 1L;

  /** Where keys begin in a path. */
  static final String KEYS = "/v1/kv/";

  /** What Jakarta REST sees in place of the history of any key. */
  static final String HISTORY_PATH = "/v1/history/key";

  private static final String HISTORY = "/v1/history/";
  private static final String WATCH = "/v1/watch";
  private static final String KEY = "org.kvstore.key";
  private static final Pattern PLAIN_PATH = Pattern.compile("(/[A-Za-z0-9._-]+)+|/");

  private final transient EntryEndpoint entries;
  private final transient WatchEndpoint watches;
  private final transient KeyValueService service;
  private final transient RequestMetrics metrics;
  private final transient Traces traces;
  private final transient Admission admission;
  private final transient Cors cors;

  @Inject
  public RequestGate(
      EntryEndpoint entries,
      WatchEndpoint watches,
      KeyValueService service,
      RequestMetrics metrics,
      Traces traces,
      Admission admission,
      Cors cors) {
    this.entries = entries;
    this.watches = watches;
    this.service = service;
    this.metrics = metrics;
    this.traces = traces;
    this.admission = admission;
    this.cors = cors;
  }

  /** The key of the request's path. */
  static Key key(HttpServletRequest request) {
    Object key = request.getAttribute(KEY);
    if (key == null) {
      throw KeyValueException.of(ErrorCode.KEY_INVALID, "The path has no key.");
    }
    return (Key) key;
  }

  /** The path as the client sent it. */
  static String originalPath(HttpServletRequest request) {
    Exchange exchange = Exchange.find(request);
    if (exchange != null) {
      return exchange.path();
    }
    // The container has refused it before the gate, and asks for the page of the error.
    Object path = request.getAttribute(RequestDispatcher.ERROR_REQUEST_URI);
    return path == null ? request.getRequestURI() : path.toString();
  }

  /** The query as the client sent it, or null. */
  static @Nullable String originalQuery(HttpServletRequest request) {
    return Exchange.of(request).query();
  }

  @Override
  protected void doFilter(
      HttpServletRequest request, HttpServletResponse response, FilterChain chain)
      throws IOException, ServletException {
    protect(response);
    Exchange exchange = exchange(request, response);
    try {
      pass(exchange.path().substring(request.getContextPath().length()), request, response, chain);
    } catch (IOException | ServletException | RuntimeException e) {
      exchange.goesOn();
      exchange.answered(HttpServletResponse.SC_INTERNAL_SERVER_ERROR);
      throw e;
    } finally {
      Bodies.leave(exchange);
    }
    exchange.returned(response);
  }

  /** Begins that of a request, unless the request comes again, as its body is there now. */
  private Exchange exchange(HttpServletRequest request, HttpServletResponse response) {
    Exchange begun = Exchange.find(request);
    if (begun != null) {
      begun.comesAgain();
      return begun;
    }
    String path = request.getRequestURI().substring(request.getContextPath().length());
    RequestSpan span = trace(path, request);
    if (span != null) {
      response.setHeader(RequestSpan.HEADER, span.id());
    }
    return Exchange.begin(request, metrics, RequestKind.of(request, path), span);
  }

  /** What goes on to Jakarta REST is traced there. */
  private @Nullable RequestSpan trace(String path, HttpServletRequest request) {
    if (path.startsWith(KEYS)) {
      return traces.begin(request, KEYS + "{key}");
    }
    return path.equals(WATCH) ? traces.begin(request, WATCH) : null;
  }

  private void pass(
      String raw, HttpServletRequest request, HttpServletResponse response, FilterChain chain)
      throws IOException, ServletException {
    String path = raw;
    HttpServletResponse answer = response;
    try {
      boolean isPreflight = cors.answers(request, response);
      Framing.check(request);
      if (isPreflight) {
        response.setStatus(HttpServletResponse.SC_NO_CONTENT);
        return;
      }
      admission.admit(request, response);
      if (receive(request, response, path)) {
        return;
      }
      answer = Admission.metered(request, response);
      if (path.startsWith(KEYS)) {
        entries.answer(request, answer, decodeKey(path.substring(KEYS.length())));
        return;
      }
      if (path.equals(WATCH)) {
        watches.answer(request, answer);
        return;
      }
      if (path.startsWith(HISTORY)) {
        request.setAttribute(KEY, decodeKey(path.substring(HISTORY.length())));
        path = HISTORY_PATH;
      }
      if (!PLAIN_PATH.matcher(path).matches()) {
        throw KeyValueException.of(ErrorCode.NOT_FOUND, "There is nothing at this path.");
      }
    } catch (KeyValueException refusal) {
      ProblemServlet.write(refusal, request, response);
      return;
    }
    chain.doFilter(new FixedPath(request, answer, path), answer);
  }

  /** Has a body received before the request goes on; false when this thread may wait for it. */
  private boolean receive(HttpServletRequest request, HttpServletResponse response, String path)
      throws IOException {
    boolean due =
        Bodies.METHODS.contains(request.getMethod())
            && Bodies.isExpected(request)
            && !Bodies.isReceived(request)
            && !Bodies.STREAMED.contains(path);
    if (!due || Bodies.isThere(request)) {
      return false;
    }
    Limits limits = service.limits();
    int limit = Bodies.limit(path, limits);
    // What says that it is too long is refused without being read.
    if (request.getContentLengthLong() > limit
        || Bodies.mayWait(Exchange.of(request), limits.bodyWait())) {
      return false;
    }
    SlowBody.receive(request, response, limit, limits);
    return true;
  }

  /** A value is of anyone's making: a browser must neither guess at it nor run it as our origin. */
  private static void protect(HttpServletResponse response) {
    response.setHeader("Cache-Control", "no-cache");
    response.setHeader("X-Content-Type-Options", "nosniff");
    response.setHeader("Content-Security-Policy", "sandbox");
  }

  private static Key decodeKey(String raw) {
    String text;
    try {
      text = PercentEncoding.decode(raw, false);
    } catch (IllegalArgumentException e) {
      throw KeyValueException.of(ErrorCode.KEY_INVALID, String.valueOf(e.getMessage()))
          .withField("key");
    }
    return Key.of(text);
  }
}
