package org.kvstore.server.ops;

import jakarta.servlet.http.HttpServletRequest;
import org.jspecify.annotations.Nullable;

/**
 * Makes spans of requests, as part of their callers' traces: of those that the runtime does not see
 * as requests to Jakarta REST, which it makes spans of by itself. Off unless asked for.
 */
public interface Traces {

  /** None is made. */
  Traces OFF = (request, route) -> null;

  /**
   * Begins the span of a request, or returns null when none is to be made.
   *
   * @param route its path with variables in place of keys
   */
  @Nullable RequestSpan begin(HttpServletRequest request, String route);
}
