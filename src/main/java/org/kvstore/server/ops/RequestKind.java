package org.kvstore.server.ops;

import jakarta.servlet.http.HttpServletRequest;
import java.util.Collections;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * What a request is for, as metrics tell requests apart: a small fixed number of kinds, whatever
 * keys there are.
 */
public enum RequestKind {
  GET,
  /** A read that waits for its key to change: it takes as long as it was told to. */
  WAIT,
  PUT,
  PATCH,
  DELETE,
  LIST,
  EXPORT,
  DELETE_RANGE,
  BATCH,
  TXN,
  /** Until it is open; how long it then stays is its client's business. */
  WATCH,
  LEASE,
  HISTORY,
  ADMIN,
  SIMPLE_PUT,
  SIMPLE_GET,
  SIMPLE_DELETE,
  /** Status, metrics, and whatever there is nothing for. */
  OTHER;

  /** With another type beside it, it may become a page. */
  private static final Pattern EXPORTED =
      Pattern.compile("\\s*application/x-ndjson\\s*(;[^,]*)?", Pattern.CASE_INSENSITIVE);

  private final String label = name().toLowerCase(Locale.ROOT);

  /** How metrics name it. */
  public String label() {
    return label;
  }

  /**
   * The kind of a request.
   *
   * @param path below the root of the application, as it was sent
   */
  public static RequestKind of(HttpServletRequest request, String path) {
    if (path.startsWith("/v1/kv/")) {
      return ofOneKey(request.getMethod());
    }
    return switch (path) {
      case "/v1/kv" -> ofManyKeys(request);
      case "/v1/batch" -> BATCH;
      case "/v1/txn" -> TXN;
      case "/v1/watch" -> WATCH;
      case "/put" -> SIMPLE_PUT;
      case "/get" -> SIMPLE_GET;
      case "/delete" -> SIMPLE_DELETE;
      default -> ofPrefix(path);
    };
  }

  private static RequestKind ofOneKey(String method) {
    return switch (method) {
      case "GET", "HEAD" -> GET;
      case "PUT" -> PUT;
      case "PATCH" -> PATCH;
      case "DELETE" -> DELETE;
      default -> OTHER;
    };
  }

  private static RequestKind ofManyKeys(HttpServletRequest request) {
    if (request.getMethod().equals("DELETE")) {
      return DELETE_RANGE;
    }
    String accept = String.join(",", Collections.list(request.getHeaders("Accept")));
    return EXPORTED.matcher(accept).matches() ? EXPORT : LIST;
  }

  private static RequestKind ofPrefix(String path) {
    if (path.startsWith("/v1/leases")) {
      return LEASE;
    }
    if (path.startsWith("/v1/history/")) {
      return HISTORY;
    }
    return path.startsWith("/v1/admin/") ? ADMIN : OTHER;
  }
}
