package org.kvstore.liberty;

import java.util.Map;
import java.util.regex.Pattern;

/** How far the server insists on HTTPS. */
final class StrictTransport {
  private static final String REDIRECT = "KV_HTTP_REDIRECT";
  private static final String HSTS = "KV_TLS_HSTS";
  private static final String ONE_YEAR = "max-age=31536000";
  private static final String OFF = "off";
  private static final Pattern VALUE =
      Pattern.compile("off|max-age=[0-9]{1,12}(; *(includeSubDomains|preload))*");

  private StrictTransport() {}

  /**
   * Checks the variables, and chooses whether browsers are told to stay away from HTTP: they would
   * take that for the whole host, whatever the port. So they are told if it is true of this server
   * at least, and not with a certificate that nobody vouches for.
   *
   * @param ownPair whether the certificate is not a generated one
   */
  static void complete(Map<String, String> environment, boolean ownPair, ServerAddress address) {
    String redirect = environment.getOrDefault(REDIRECT, "false");
    if (!redirect.equals("true") && !redirect.equals("false")) {
      throw new StartupException("%s is %s, not true or false".formatted(REDIRECT, redirect));
    }
    boolean redirects = redirect.equals("true");
    if (redirects && address.httpsPort() == -1 && !environment.containsKey(REDIRECT + "_PORT")) {
      throw new StartupException(REDIRECT + " is true, but KV_HTTPS_PORT is closed");
    }
    boolean strict = ownPair && (redirects || address.httpPort() == -1);
    environment.putIfAbsent(HSTS, strict ? ONE_YEAR : OFF);
    if (!VALUE.matcher(environment.get(HSTS)).matches()) {
      throw new StartupException(
          HSTS + " is neither off nor like 'max-age=31536000; includeSubDomains'");
    }
  }
}
