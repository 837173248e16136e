package org.kvstore.server.api;

import jakarta.servlet.http.HttpServletRequest;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.KeyValueException;

/**
 * Keeps a server that asks nobody who they are to its own machine. A browser on that machine is one
 * of its clients, and does what any page bids it: so pages of others are refused, by what browsers
 * say of a request (Fetch Metadata, RFC 6454), and names under which a page could pass for one of
 * ours (DNS rebinding).
 */
final class LocalOnly {
  /** An address, or a name that no public name server answers for. */
  private static final Pattern OWN_HOST =
      Pattern.compile("(?i)\\[[0-9a-f:.]+\\]|[0-9.]+|[^.]+|([^.]+[.])+localhost[.]?");

  private static final Pattern PORT = Pattern.compile(":[0-9]*$");
  private static final Pattern OWN_ORIGIN =
      Pattern.compile("(?i)https?://(localhost|127[0-9.]+|\\[::1\\])(:[0-9]+)?");

  private LocalOnly() {}

  /**
   * Lets a request pass or not.
   *
   * @param isAllowedPage whether it comes from a page of another origin that is allowed
   * @throws KeyValueException FORBIDDEN
   */
  static void check(HttpServletRequest request, boolean isAllowedPage) {
    @Nullable String host = request.getHeader("Host");
    if (host != null && !OWN_HOST.matcher(PORT.matcher(host).replaceFirst("")).matches()) {
      throw refusal("It was sent to the name of another host.", "Host");
    }
    @Nullable String site = request.getHeader("Sec-Fetch-Site");
    if (site != null && !isAllowedPage && !site.equals("same-origin") && !site.equals("none")) {
      throw refusal("It comes from a page of another site.", "Sec-Fetch-Site");
    }
    @Nullable String origin = request.getHeader("Origin");
    if (origin != null && !isAllowedPage && !OWN_ORIGIN.matcher(origin).matches()) {
      throw refusal("It comes from a page of another origin.", "Origin");
    }
    String local = request.getLocalAddr();
    if (!local.startsWith("127.") && !local.equals("::1") && !local.equals("0:0:0:0:0:0:0:1")) {
      throw refusal("It comes from another machine.", "address");
    }
  }

  private static KeyValueException refusal(String why, String field) {
    return KeyValueException.of(
            ErrorCode.FORBIDDEN,
            why
                + " Without authentication the server is for its own machine alone, unless"
                + " kv.security.insecure is true.")
        .withField(field);
  }
}
