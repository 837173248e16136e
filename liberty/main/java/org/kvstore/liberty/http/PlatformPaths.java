package org.kvstore.liberty.http;

import static java.util.stream.Collectors.toUnmodifiableMap;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.kvstore.liberty.http.Refusal.Code;

/**
 * The paths that Liberty's own applications answer: health, metrics, the OpenAPI document and its
 * page. They answer what they do not know with HTML, with plain text or with nothing, and take any
 * method for GET; so whatever is not in this table is refused before it reaches them.
 */
final class PlatformPaths {
  private static final List<String> READ = List.of("GET", "HEAD");

  /** Each path with its methods. Nothing below {@code /ibm}, Liberty's administration, is there. */
  private static final Map<String, List<String>> METHODS =
      Stream.of(
              with(READ, "/health", "/health/"),
              with(READ, "/health/live", "/health/ready", "/health/started"),
              with(List.of("GET"), "/metrics", "/metrics/"),
              with(READ, "/openapi", "/openapi/", "/openapi/ui", "/openapi/ui/"),
              with(
                  READ,
                  "/openapi/ui/css/custom-header.css",
                  "/openapi/ui/css/default-header.css",
                  "/openapi/ui/favicon-16x16.png",
                  "/openapi/ui/favicon-32x32.png",
                  "/openapi/ui/index.html",
                  "/openapi/ui/liberty-swagger-ui-b8235ff6458a3afa1d43.css",
                  "/openapi/ui/liberty-swagger-ui-bundle-f1c1a2ed6d02e7f4ddc4.js",
                  "/openapi/ui/liberty-swagger-ui-bundle-f1c1a2ed6d02e7f4ddc4.js.LICENSE.txt",
                  "/openapi/ui/oauth2-redirect.html",
                  "/openapi/ui/oauth2-redirect.js"))
          .flatMap(row -> row.entrySet().stream())
          .collect(toUnmodifiableMap(Map.Entry::getKey, Map.Entry::getValue));

  private static final String SCOPE = "scope=";
  private static final Set<String> SCOPES = Set.of("application", "base", "vendor");

  private PlatformPaths() {}

  /** Whether Liberty would not leave this path to the application. Cheap: each request pays it. */
  static boolean contain(String path) {
    return path.length() > 1
        && switch (path.charAt(1)) {
          case 'h' -> isUnder("/health", path);
          case 'i' -> isUnder("/ibm", path);
          case 'm' -> isUnder("/metrics", path);
          case 'o' -> isUnder("/openapi", path);
          default -> false;
        };
  }

  /**
   * Why a request for one of these paths must not be dispatched, or null when it may be.
   *
   * @param path one that is {@linkplain #contain contained}
   * @param query as it was sent
   * @param accept the value of the header
   */
  static @Nullable Refusal refusal(
      String method, String path, @Nullable String query, @Nullable String accept) {
    List<String> methods = METHODS.get(path);
    if (methods == null) {
      return Refusal.of(Code.NOT_FOUND, "There is nothing at this path.");
    }
    if (!methods.contains(method)) {
      String allow = String.join(", ", methods);
      return new Refusal(Code.METHOD_NOT_ALLOWED, "This path has only " + allow + ".", allow);
    }
    if (query != null && !RequestTarget.isEscaped(query)) {
      return Refusal.of(Code.REQUEST_INVALID, "The query is not properly escaped.");
    }
    return path.startsWith("/metrics") ? metricsRefusal(query, accept) : null;
  }

  private static @Nullable Refusal metricsRefusal(@Nullable String query, @Nullable String accept) {
    if (query != null && !Stream.of(query.split("&")).allMatch(PlatformPaths::isKnownScope)) {
      return Refusal.of(Code.NOT_FOUND, "The scopes are application, base and vendor.");
    }
    if (accept != null && !accept.contains("text/plain") && !accept.contains("*/*")) {
      return Refusal.of(Code.NOT_ACCEPTABLE, "Metrics are text/plain.");
    }
    return null;
  }

  private static boolean isKnownScope(String parameter) {
    return !(parameter + "=").startsWith(SCOPE)
        || parameter.startsWith(SCOPE) && SCOPES.contains(parameter.substring(SCOPE.length()));
  }

  private static boolean isUnder(String root, String path) {
    return path.startsWith(root)
        && (path.length() == root.length() || path.charAt(root.length()) == '/');
  }

  private static Map<String, List<String>> with(List<String> methods, String... paths) {
    return Stream.of(paths).collect(toUnmodifiableMap(path -> path, path -> methods));
  }
}
