package org.kvstore.server.api;

import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.ws.rs.core.HttpHeaders;
import java.security.cert.X509Certificate;
import java.util.EnumSet;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.kvstore.server.model.AuditTrail;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.ops.RequestKind;
import org.kvstore.server.security.Allowance;
import org.kvstore.server.security.Authenticator;
import org.kvstore.server.security.CallerLimits;
import org.kvstore.server.security.Presented;
import org.kvstore.server.service.Demand;
import org.kvstore.server.service.KeyValueService;

/**
 * Decides whether a request goes on at all, before its body is read: whether a browser sent it for
 * a page that may not, whether there is room for it, whose it is, and how much its sender has asked
 * for. What its sender may do with which key, the service decides.
 */
@Singleton
public class Admission {
  private static final String CERTIFICATES = "jakarta.servlet.request.X509Certificate";

  /**
   * What is let in under overload too: a lease that cannot be renewed takes its keys with it, and
   * operators have to see and to act.
   */
  private static final Set<RequestKind> ALWAYS_ADMITTED =
      EnumSet.of(RequestKind.LEASE, RequestKind.ADMIN, RequestKind.OTHER);

  /** What a caller is told at any time; it counts all the same. */
  private static final Set<String> NEVER_REFUSED = Set.of("/v1/status", "/v1/cluster", "/metrics");

  private final KeyValueService service;
  private final Authenticator authenticator;
  private final CallerLimits limits;
  private final Cors cors;

  @Inject
  public Admission(
      KeyValueService service, Authenticator authenticator, CallerLimits limits, Cors cors) {
    this.service = service;
    this.authenticator = authenticator;
    this.limits = limits;
    this.cors = cors;
  }

  /**
   * Lets a request pass or not; its {@link Exchange} knows the sender then.
   *
   * @throws KeyValueException FORBIDDEN, UNAUTHENTICATED, or what says when to come again
   */
  void admit(HttpServletRequest request, HttpServletResponse response) {
    String path = Exchange.of(request).path();
    unproven(request).check("request", path, () -> checkOrigin(request));
    admitUnderLoad(request);
    authenticate(request);
    Exchange.access(request).trail().check("request", path, () -> charge(request, response));
  }

  /** Hears what happens to a request before it is known whose it is. */
  private AuditTrail unproven(HttpServletRequest request) {
    Exchange exchange = Exchange.of(request);
    if (!authenticator.isAudited()) {
      return AuditTrail.NONE;
    }
    String name = exchange.requestId();
    if (name == null) {
      name = Problems.Origin.nameFor(request);
      exchange.isNamed(name);
    }
    return authenticator.unproven(request.getRemoteAddr(), name);
  }

  /** Refuses a request under overload, before its body is read. */
  private void admitUnderLoad(HttpServletRequest request) {
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
      OriginCheck.requireThisMachine(request);
    }
    // Where nobody is asked for a proof, nobody looks at one.
    boolean isProven =
        authenticator.asksForCertificates() && request.getHeader(HttpHeaders.AUTHORIZATION) != null;
    if (authenticator.trustsConnections() && !isProven && !cors.allows(request)) {
      OriginCheck.requireOwnPage(request);
    }
  }

  /** Finds out who sent a request, before anything of it is done. */
  private void authenticate(HttpServletRequest request) {
    if (request.getDispatcherType() == DispatcherType.REQUEST) {
      Exchange exchange = Exchange.of(request);
      String name = Objects.requireNonNullElse(exchange.requestId(), "");
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
    Allowance.Turn turn = allowance.begin(!isNeverRefused(request, exchange));
    response.setHeader("RateLimit", turn.left());
    if (turn.refusal() != null) {
      throw turn.refusal();
    }
    if (!Bodies.STREAMED.contains(exchange.path())) {
      // Of what says that it is longer, nothing is read.
      int most = Bodies.limit(exchange.path(), service.limits());
      allowance.used(Math.min(request.getContentLengthLong(), most));
    }
  }

  /** A lease that is not renewed takes its keys with it; what tells of the server tells why. */
  private static boolean isNeverRefused(HttpServletRequest request, Exchange exchange) {
    return exchange.kind() == RequestKind.LEASE && request.getMethod().equals("PUT")
        || NEVER_REFUSED.contains(exchange.path());
  }

  /** The answer to a request, whose bytes are counted if those of its sender are. */
  static HttpServletResponse metered(HttpServletRequest request, HttpServletResponse response) {
    Exchange exchange = Exchange.of(request);
    Allowance allowance = exchange.allowance();
    return allowance == null ? response : new MeteredResponse(response, allowance, exchange);
  }

  /** The certificate of the client itself, which is the first of its chain. */
  private static @Nullable X509Certificate certificate(HttpServletRequest request) {
    return request.getAttribute(CERTIFICATES) instanceof X509Certificate[] chain && chain.length > 0
        ? chain[0]
        : null;
  }
}
