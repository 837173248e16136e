package org.kvstore.server.api;

import jakarta.inject.Inject;
import jakarta.servlet.AsyncContext;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.FilterChain;
import jakarta.servlet.RequestDispatcher;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.annotation.WebFilter;
import jakarta.servlet.http.HttpFilter;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.ws.rs.core.HttpHeaders;
import java.io.IOException;
import java.security.cert.X509Certificate;
import java.util.EnumSet;
import java.util.Enumeration;
import java.util.Set;
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
import org.kvstore.server.security.Allowance;
import org.kvstore.server.security.Authenticator;
import org.kvstore.server.security.CallerLimits;
import org.kvstore.server.security.Presented;
import org.kvstore.server.service.Demand;
import org.kvstore.server.service.KeyValueService;

/**
 * The first to see a request. It reads what Jakarta REST and the container would bend: they strip a
 * trailing slash and matrix parameters from a path and replace bad UTF-8, so that one key would be
 * read as another.
 *
 * <p>The key of {@code /v1/kv/{key}} is decoded here, byte for byte, from the raw request target,
 * and handed to {@link EntryEndpoint}. Requests are refused whose framing the container lets pass
 * although a body would be lost or misread.
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
  private static final String CERTIFICATES = "jakarta.servlet.request.X509Certificate";
  private static final Set<String> METHODS =
      Set.of("GET", "HEAD", "PUT", "POST", "DELETE", "PATCH", "OPTIONS");
  private static final Set<String> WITH_BODY = Set.of("PUT", "POST", "PATCH");

  /**
   * What is let in under overload too: a lease that cannot be renewed takes its keys with it, and
   * operators have to see and to act.
   */
  private static final Set<RequestKind> ALWAYS_ADMITTED =
      EnumSet.of(RequestKind.LEASE, RequestKind.ADMIN, RequestKind.OTHER);

  /** What a caller may ask for at any rate. */
  private static final Set<String> UNLIMITED = Set.of("/v1/status", "/metrics");

  /** Where a body is read as it comes, by a thread of those that are kept for it. */
  private static final Set<String> STREAMED = Set.of("/v1/batch", "/v1/admin/restore");

  /** Where a POST or PUT means something without a body. */
  private static final Pattern WITHOUT_BODY = Pattern.compile("/v1/(leases/|admin/)");

  private static final Pattern PLAIN_PATH = Pattern.compile("(/[A-Za-z0-9._-]+)+|/");
  private static final String HOST_PUNCTUATION = "._:[]-";
  private static final int MAX_HOST = 300;
  private static final Pattern BAD_WEIGHT =
      Pattern.compile(";\\s*q=(?!(0(\\.[0-9]{0,3})?|1(\\.0{0,3})?)\\s*([,;]|$))");
  private static final Pattern LENGTH = Pattern.compile("[0-9]{1,18}");

  private final transient EntryEndpoint entries;
  private final transient WatchEndpoint watches;
  private final transient KeyValueService service;
  private final transient RequestMetrics metrics;
  private final transient Traces traces;
  private final transient Authenticator authenticator;
  private final transient CallerLimits limits;
  private final transient Cors cors;

  @Inject
  public RequestGate(
      EntryEndpoint entries,
      WatchEndpoint watches,
      KeyValueService service,
      RequestMetrics metrics,
      Traces traces,
      Authenticator authenticator,
      CallerLimits limits,
      Cors cors) {
    this.entries = entries;
    this.watches = watches;
    this.service = service;
    this.metrics = metrics;
    this.traces = traces;
    this.authenticator = authenticator;
    this.limits = limits;
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
      checkFraming(request);
      if (isPreflight) {
        response.setStatus(HttpServletResponse.SC_NO_CONTENT);
        return;
      }
      checkOrigin(request);
      admit(request);
      authenticate(request);
      charge(request, response);
      if (receive(request, response, path)) {
        return;
      }
      answer = metered(request, response);
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

  /** Refuses a request under overload, before its body is read. */
  private void admit(HttpServletRequest request) {
    RequestKind kind = Exchange.of(request).kind();
    boolean comesAgain = request.getDispatcherType() == DispatcherType.ASYNC;
    if (!comesAgain && !ALWAYS_ADMITTED.contains(kind)) {
      service.admit(demand(kind));
    }
  }

  private static Demand demand(RequestKind kind) {
    return switch (kind) {
      case GET, WAIT, EXPORT, WATCH, SIMPLE_GET -> Demand.READ;
      case LIST, HISTORY -> Demand.PAGE;
      default -> Demand.WRITE;
    };
  }

  /** Refuses what a browser sends for a page that may not use the service. */
  private void checkOrigin(HttpServletRequest request) {
    if (authenticator.isLocal()) {
      LocalOnly.check(request);
    }
    boolean isProven = request.getHeader(HttpHeaders.AUTHORIZATION) != null;
    if (authenticator.trustsConnections() && !isProven && !cors.allows(request)) {
      LocalOnly.checkPage(request);
    }
  }

  /** Finds out who sent a request, before anything of it is done. */
  private void authenticate(HttpServletRequest request) {
    if (request.getDispatcherType() == DispatcherType.REQUEST) {
      Exchange exchange = Exchange.of(request);
      String name = "";
      if (authenticator.isAudited()) {
        name = Problems.Origin.nameFor(request);
        exchange.isNamed(name);
      }
      exchange.isOf(
          authenticator.authenticate(
              new Presented(
                  request.getHeader(HttpHeaders.AUTHORIZATION),
                  authenticator.asksForCertificates() ? certificate(request) : null,
                  request.getRemoteAddr(),
                  name)));
    }
  }

  /** Refuses a request of a caller who has asked for more than they may. */
  private void charge(HttpServletRequest request, HttpServletResponse response) {
    Exchange exchange = Exchange.of(request);
    Allowance allowance =
        request.getDispatcherType() == DispatcherType.REQUEST
            ? limits.of(Exchange.access(request), request.getRemoteAddr())
            : null;
    if (allowance == null) {
      return;
    }
    exchange.isPaidFrom(allowance);
    response.setHeader("RateLimit-Policy", allowance.policy());
    try {
      allowance.begin(!isExempt(request, exchange));
    } finally {
      response.setHeader("RateLimit", allowance.left());
    }
    if (!STREAMED.contains(exchange.path())) {
      allowance.used(request.getContentLengthLong());
    }
  }

  /** A lease that is not renewed takes its keys with it; what tells of the server tells why. */
  private static boolean isExempt(HttpServletRequest request, Exchange exchange) {
    return exchange.kind() == RequestKind.LEASE && request.getMethod().equals("PUT")
        || UNLIMITED.contains(exchange.path());
  }

  /** An export counts its bytes itself, where it can wait for them. */
  private static HttpServletResponse metered(
      HttpServletRequest request, HttpServletResponse response) {
    Exchange exchange = Exchange.of(request);
    Allowance allowance = exchange.allowance();
    return allowance == null || exchange.kind() == RequestKind.EXPORT
        ? response
        : new MeteredResponse(response, allowance);
  }

  /** The certificate of the client itself, which is the first of its chain. */
  private static @Nullable X509Certificate certificate(HttpServletRequest request) {
    return request.getAttribute(CERTIFICATES) instanceof X509Certificate[] chain && chain.length > 0
        ? chain[0]
        : null;
  }

  /** Has a body received before the request goes on; false when this thread may wait for it. */
  private boolean receive(HttpServletRequest request, HttpServletResponse response, String path)
      throws IOException {
    boolean due =
        WITH_BODY.contains(request.getMethod())
            && Bodies.isExpected(request)
            && !Bodies.isReceived(request)
            && !STREAMED.contains(path);
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

  /** What RFC 9112 section 6.3 calls an unrecoverable error, and the container lets through. */
  private static void checkFraming(HttpServletRequest request) {
    if (!METHODS.contains(request.getMethod())) {
      throw KeyValueException.of(ErrorCode.METHOD_NOT_ALLOWED, "The method is not known.");
    }
    String host = request.getHeader("Host");
    if (host != null && !isHost(host)) {
      throw KeyValueException.invalid("Host", "It is not a host name or address.");
    }
    if (!isNamedOnce(request) && request.getProtocol().equals("HTTP/1.1")) {
      throw KeyValueException.invalid("Host", "A request names its host, and one only.");
    }
    String accept = request.getHeader("Accept");
    if (accept != null && accept.indexOf("q=") >= 0 && BAD_WEIGHT.matcher(accept).find()) {
      throw KeyValueException.invalid("Accept", "A weight is from q=0 to q=1.");
    }
    String length = request.getHeader("Content-Length");
    String transfer = request.getHeader("Transfer-Encoding");
    if (length != null && !LENGTH.matcher(length).matches()) {
      throw KeyValueException.invalid("Content-Length", "It is not a length.");
    }
    if (length == null && transfer == null && needsLength(request)) {
      throw KeyValueException.invalid(
          "Content-Length", "A request that may have a body says how long it is.");
    }
    if (transfer != null && !transfer.equalsIgnoreCase("chunked")) {
      throw KeyValueException.invalid("Transfer-Encoding", "Only 'chunked' is understood.");
    }
    String coding = request.getHeader("Content-Encoding");
    if (coding != null && !coding.equalsIgnoreCase("identity")) {
      throw KeyValueException.of(
              ErrorCode.UNSUPPORTED_MEDIA_TYPE, "Bodies are sent without a Content-Encoding.")
          .withField("Content-Encoding");
    }
  }

  private static boolean isNamedOnce(HttpServletRequest request) {
    Enumeration<String> hosts = request.getHeaders("Host");
    return hosts.hasMoreElements() && hosts.nextElement() != null && !hosts.hasMoreElements();
  }

  private static boolean isHost(String host) {
    for (int i = 0; i < host.length(); i++) {
      char c = host.charAt(i);
      boolean plain = c < 0x80 && Character.isLetterOrDigit(c);
      if (!plain && HOST_PUNCTUATION.indexOf(c) < 0) {
        return false;
      }
    }
    return host.length() <= MAX_HOST;
  }

  /**
   * Liberty drops a malformed Content-Length and hands on an empty body. Without this, such a PUT
   * would replace a value by nothing. HTTP/2 frames its bodies by itself.
   */
  private static boolean needsLength(HttpServletRequest request) {
    return WITH_BODY.contains(request.getMethod())
        && request.getProtocol().startsWith("HTTP/1")
        && !WITHOUT_BODY.matcher(originalPath(request)).find();
  }

  /** The request as Jakarta REST sees it. */
  private static final class FixedPath extends HttpServletRequestWrapper {
    private final HttpServletResponse response;
    private final String path;

    FixedPath(HttpServletRequest request, HttpServletResponse response, String path) {
      super(request);
      this.response = response;
      this.path = path;
    }

    @Override
    public AsyncContext startAsync() {
      return Exchange.of(this).goesOn(super.startAsync(), response);
    }

    @Override
    public AsyncContext startAsync(ServletRequest wrapped, ServletResponse wrappedResponse) {
      return Exchange.of(this).goesOn(super.startAsync(wrapped, wrappedResponse), response);
    }

    @Override
    public String getRequestURI() {
      return getContextPath() + path;
    }

    @Override
    public StringBuffer getRequestURL() {
      return new StringBuffer("http://localhost").append(getRequestURI());
    }

    @Override
    public String getPathInfo() {
      return path;
    }

    /**
     * Resources read it as it was sent; Jakarta REST would fail on one that is no part of a URI.
     */
    @Override
    public @Nullable String getQueryString() {
      return null;
    }
  }
}
