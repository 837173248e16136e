package org.kvstore.liberty;

import java.io.IOException;
import java.net.URI;
import java.util.List;

/**
 * Exits with 0 when the server of this container is ready: an image with a Java has no curl. It
 * asks over HTTP, or over HTTPS when there is no HTTP.
 */
public final class HealthCheck {
  private HealthCheck() {}

  public static void main(String[] arguments) {
    System.exit(isReady() ? 0 : 1);
  }

  private static boolean isReady() {
    try {
      List<URI> addresses = ServerAddress.of(System.getenv()).own();
      if (addresses.isEmpty()) {
        System.err.println("kvstore: KV_HTTP_PORT and KV_HTTPS_PORT are both closed");
        return false;
      }
      return Readiness.of(addresses.get(0));
    } catch (IOException | StartupException e) {
      System.err.println("kvstore: not ready: " + e.getMessage());
      return false;
    }
  }
}
