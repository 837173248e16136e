package org.kvstore.server.api;

import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.util.Set;
import org.kvstore.server.service.EngineHandle;
import org.kvstore.server.service.FrontConfig;

/**
 * Lets pages of other origins use the service, if it is configured which (Fetch standard, section
 * 3.2; {@code kv.cors.origins}). Credentials in its sense are never allowed: there are no cookies,
 * and a token is a header that the page has to know.
 */
@Singleton
public class Cors {
  private static final String ANY = "*";
  private static final String METHODS = "GET, HEAD, PUT, POST, PATCH, DELETE";
  private static final String EXPOSED =
      "ETag, Location, Allow, Preference-Applied, Retry-After, WWW-Authenticate, RateLimit,"
          + " RateLimit-Policy, X-Request-Id, KV-Create-Revision, KV-Mod-Revision, KV-Version,"
          + " KV-Expires-At, KV-Lease, KV-Age";
  private static final String SENT =
      "Authorization, Content-Type, If-Match, If-None-Match, Prefer, Idempotency-Key,"
          + " Last-Event-ID, X-Request-Id, traceparent, tracestate";
  private static final String SECONDS = "600";

  private final Set<String> origins;

  @Inject
  public Cors(EngineHandle handle) {
    origins =
        handle
            .engine()
            .map(engine -> engine.config().front())
            .orElse(FrontConfig.DEFAULT)
            .corsOrigins();
  }

  /** Whether a request comes from a page of an origin that is allowed. */
  boolean allows(HttpServletRequest request) {
    String origin = origins.isEmpty() ? null : request.getHeader("Origin");
    return origin != null && (origins.contains(ANY) || origins.contains(origin));
  }

  /**
   * Tells the browser what the page may do, with whatever answer.
   *
   * @return whether that is all, as the browser only asks what would be allowed
   */
  boolean answers(HttpServletRequest request, HttpServletResponse response) {
    if (origins.isEmpty() || request.getDispatcherType() != DispatcherType.REQUEST) {
      return false;
    }
    response.addHeader("Vary", "Origin");
    if (!allows(request)) {
      return false;
    }
    response.setHeader(
        "Access-Control-Allow-Origin", origins.contains(ANY) ? ANY : request.getHeader("Origin"));
    if (!request.getMethod().equals("OPTIONS")
        || request.getHeader("Access-Control-Request-Method") == null) {
      response.setHeader("Access-Control-Expose-Headers", EXPOSED);
      return false;
    }
    response.setHeader("Access-Control-Allow-Methods", METHODS);
    response.setHeader("Access-Control-Allow-Headers", SENT);
    response.setHeader("Access-Control-Max-Age", SECONDS);
    return true;
  }
}
