package org.kvstore.liberty.http;

import com.ibm.wsspi.http.HttpRequest;
import com.ibm.wsspi.http.HttpResponse;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.kvstore.liberty.http.Refusal.Code;

/**
 * How clients are led from HTTP to HTTPS.
 *
 * @param redirects whether HTTP only says where HTTPS is
 * @param port where clients reach HTTPS
 * @param hsts the header Strict-Transport-Security of answers over TLS, or "off"
 */
record SecureTransport(boolean redirects, String port, String hsts) {
  static final SecureTransport UNCONFIGURED = new SecureTransport(false, "443", "off");

  private static final String STANDARD_PORT = "443";
  private static final Pattern HOST = Pattern.compile("[A-Za-z0-9._-]{1,255}|[0-9A-Fa-f:.]{2,45}");

  static SecureTransport of(Map<String, String> properties) {
    return new SecureTransport(
        "true".equals(properties.get("redirect")),
        properties.getOrDefault("redirectPort", STANDARD_PORT),
        properties.getOrDefault("hsts", "off"));
  }

  /** Has an answer over TLS tell browsers to come over TLS only. */
  void protect(HttpResponse response) {
    if (!"off".equals(hsts)) {
      response.setHeader("Strict-Transport-Security", hsts);
    }
  }

  /** Whether a request that came in clear is answered with where HTTPS is. Probes are served. */
  boolean redirects(String path) {
    return redirects && !path.equals("/health") && !path.startsWith("/health/");
  }

  /**
   * Why a request is not even redirected, or null. A client that sends its token in clear would do
   * so again, if that went well for it.
   */
  static @Nullable Refusal refusal(HttpRequest request) {
    if (request.getHeader("Authorization") != null) {
      return Refusal.of(
          Code.FORBIDDEN,
          "The token was sent in clear, so others may know it: replace it, and send it to HTTPS.");
    }
    String query = request.getQuery();
    if (query != null && !RequestTarget.isVisible(query)) {
      return Refusal.of(
          Code.REQUEST_INVALID,
          "The query has control characters, blanks or others that no URI has.");
    }
    String host = host(request);
    return host != null && HOST.matcher(host).matches()
        ? null
        : Refusal.of(Code.REQUEST_INVALID, "The request does not say which host it is for.");
  }

  /** Where the same request goes over TLS. */
  String location(HttpRequest request) {
    String host = String.valueOf(host(request));
    String query = request.getQuery();
    return "https://"
        + (host.contains(":") ? "[" + host + "]" : host)
        + (port.equals(STANDARD_PORT) ? "" : ":" + port)
        + request.getURI()
        + (query == null ? "" : "?" + query);
  }

  /** The name of the host, without the brackets of an IPv6 address. */
  private static @Nullable String host(HttpRequest request) {
    String host = request.getVirtualHost();
    return host == null ? null : host.replaceFirst("^\\[(.*)]$", "$1");
  }
}
