package org.kvstore.liberty;

import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URI;

/** Exits with 0 when the server of this container is ready: an image with a Java has no curl. */
public final class HealthCheck {
  private static final int TIMEOUT_MILLISECONDS = 4000;

  private HealthCheck() {}

  public static void main(String[] arguments) throws IOException {
    String port = System.getenv().getOrDefault("KV_HTTP_PORT", "8080");
    URI ready = URI.create("http://127.0.0.1:" + port + "/health/ready");
    HttpURLConnection connection = (HttpURLConnection) ready.toURL().openConnection();
    connection.setConnectTimeout(TIMEOUT_MILLISECONDS);
    connection.setReadTimeout(TIMEOUT_MILLISECONDS);
    System.exit(connection.getResponseCode() == HttpURLConnection.HTTP_OK ? 0 : 1);
  }
}
