package org.kvstore.liberty.http;

import static java.util.stream.Collectors.toUnmodifiableMap;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.kvstore.liberty.http.Refusal.Code;

/**
 * The paths that Liberty's own applications answer: health, the OpenAPI document and its page. They
 * answer what they do not know with HTML, with plain text or with nothing, and take any method for
 * GET; so whatever is not in this table is refused before it reaches them.
 */
final class PlatformPaths {
  private static final List<String> READ = List.of("GET", "HEAD");

  /** Each path with its methods. Nothing below {@code /ibm}, Liberty's administration, is there. */
  private static final Map<String, List<String>> METHODS =
      Stream.of(
              with(READ, "/health", "/health/"),
              with(READ, "/health/live", "/health/ready", "/health/started"),
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

  private PlatformPaths() {}

  /** Whether Liberty would not leave this path to the application. Cheap: each request pays it. */
  static boolean contain(String path) {
    return path.length() > 1
        && switch (path.charAt(1)) {
          case 'h' -> isUnder("/health", path);
          case 'i' -> isUnder("/ibm", path);
          case 'o' -> isUnder("/openapi", path);
          default -> false;
        };
  }

  /**
   * Why a request for one of these paths must not be dispatched, or null when it may be.
   *
   * @param path one that is {@linkplain #contain contained}
   * @param query as it was sent
   */
  static @Nullable Refusal refusal(String method, String path, @Nullable String query) {
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
    return null;
  }

  private static boolean isUnder(String root, String path) {
    return path.startsWith(root)
        && (path.length() == root.length() || path.charAt(root.length()) == '/');
  }

  private static Map<String, List<String>> with(List<String> methods, String... paths) {
    return Stream.of(paths).collect(toUnmodifiableMap(path -> path, path -> methods));
  }
}
