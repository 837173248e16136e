package org.kvstore.server.api;

import jakarta.servlet.http.HttpServletRequest;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Loopback;

/**
 * Refuses what a browser sends for a page that is not ours, where the connection alone says who is
 * asking: by where it comes from, or by a client's certificate. The browser has that connection
 * too, and does what any page bids it. What it says of a request (Fetch Metadata, RFC 6454) tells
 * such pages.
 *
 * <p>A server that asks nobody who they are is kept to its own machine besides, and answers to no
 * name under which a page could pass for one of ours (DNS rebinding).
 */
final class OriginCheck {
  /** An address, or a name that no public name server answers for. */
  private static final Pattern OWN_HOST =
      Pattern.compile("(?i)\\[[0-9a-f:.]+\\]|[0-9.]+|[^.]+|([^.]+[.])+localhost[.]?");

  private static final Pattern PORT = Pattern.compile(":[0-9]*$");
  private static final Pattern OWN_ORIGIN =
      Pattern.compile("(?i)https?://(localhost|127[0-9.]+|\\[::1\\])(:[0-9]+)?");

  private OriginCheck() {}

  /**
   * Lets a request to a server without authentication pass or not.
   *
   * @throws KeyValueException FORBIDDEN
   */
  static void requireThisMachine(HttpServletRequest request) {
    @Nullable String host = request.getHeader("Host");
    if (host != null && !OWN_HOST.matcher(PORT.matcher(host).replaceFirst("")).matches()) {
      throw refusal(
          "It was sent to the name of another host. Without authentication the server is for its"
              + " own machine alone, unless kv.security.insecure is true.",
          "Host");
    }
    if (!Loopback.isHost(request.getLocalAddr())) {
      throw refusal(
          "It comes from another machine. Without authentication the server is for its own machine"
              + " alone, unless kv.security.insecure is true.",
          "address");
    }
  }

  /**
   * Lets a request pass or not that nothing but its connection speaks for.
   *
   * @throws KeyValueException FORBIDDEN when it is for a page of another origin
   */
  static void requireOwnPage(HttpServletRequest request) {
    @Nullable String site = request.getHeader("Sec-Fetch-Site");
    if (site != null && !site.equals("same-origin") && !site.equals("none")) {
      throw refusal("It comes from a page of another site; see kv.cors.origins.", "Sec-Fetch-Site");
    }
    @Nullable String origin = request.getHeader("Origin");
    if (origin != null && !isOwn(origin, request.getHeader("Host"))) {
      throw refusal("It comes from a page of another origin; see kv.cors.origins.", "Origin");
    }
  }

  private static boolean isOwn(String origin, @Nullable String host) {
    return origin.equals("https://" + host)
        || origin.equals("http://" + host)
        || OWN_ORIGIN.matcher(origin).matches();
  }

  private static KeyValueException refusal(String why, String field) {
    return KeyValueException.of(ErrorCode.FORBIDDEN, why).withField(field);
  }
}
