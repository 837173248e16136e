package org.kvstore.liberty;

import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Whom the server is open to. Without authentication it serves its own machine only, unless it is
 * told in so many words to serve everybody.
 */
final class Exposure {
  private static final Set<String> LOOPBACK = Set.of("localhost", "::1", "[::1]");
  private static final List<String> AUTHENTICATION =
      List.of("KV_SECURITY_ADMIN_TOKEN", "KV_SECURITY_ADMIN_TOKEN_FILE", "MP_JWT_VERIFY_ISSUER");

  private Exposure() {}

  /**
   * Lets the server start or not. What is set by a Java option is for the server itself to judge.
   *
   * @return warnings that are to be printed
   */
  static List<String> check(Map<String, String> environment) {
    String host = environment.getOrDefault("KV_HOST", "127.0.0.1");
    if (isLoopback(host)
        || AUTHENTICATION.stream().anyMatch(environment::containsKey)
        || TlsFiles.asksClients(environment)
        || environment.getOrDefault("KV_JAVA_OPTIONS", "").contains("-Dkv.security.admin-token")) {
      return List.of();
    }
    if ("true".equals(environment.get("KV_SECURITY_INSECURE"))) {
      return List.of(
          "kvstore: WARNING: no authentication: whoever reaches %s may read and write everything"
              .formatted(host));
    }
    throw new StartupException(
        "KV_HOST is %s, which other machines reach, but no authentication is configured: set"
                .formatted(host)
            + " KV_SECURITY_ADMIN_TOKEN_FILE to a file with a token, such as 'openssl rand -base64"
            + " 32' makes, or KV_SECURITY_INSECURE=true to let everybody read and write"
            + " everything");
  }

  /** Whether only this machine reaches what listens there. */
  static boolean isLoopback(String host) {
    return LOOPBACK.contains(host) || host.matches("127([.][0-9]{1,3}){3}");
  }
}
