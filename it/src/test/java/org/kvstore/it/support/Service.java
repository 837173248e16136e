package org.kvstore.it.support;

import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.kvstore.client.KeyValueClient;

/**
 * A running service.
 *
 * @param port its HTTP port on the loopback address
 */
public record Service(int port) {
  private static final String UNRESERVED =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";

  /** A request to a raw target. */
  public RawRequest request(String method, String target) {
    return new RawRequest(port, method, target);
  }

  public RawRequest get(String target) {
    return request("GET", target);
  }

  public RawRequest put(String target) {
    return request("PUT", target);
  }

  public RawRequest post(String target) {
    return request("POST", target);
  }

  public RawRequest delete(String target) {
    return request("DELETE", target);
  }

  /** Where the service is. */
  public URI uri() {
    return URI.create("http://127.0.0.1:" + port);
  }

  /** A typed client with patience for a busy machine. */
  public KeyValueClient client() {
    return KeyValueClient.builder(uri())
        .connectTimeout(Duration.ofSeconds(20))
        .readTimeout(Duration.ofSeconds(60))
        .build();
  }

  /** The target of a key: all but unreserved characters and slashes percent-encoded. */
  public static String target(String key) {
    StringBuilder target = new StringBuilder("/v1/kv/");
    for (byte b : key.getBytes(StandardCharsets.UTF_8)) {
      char c = (char) (b & 0xFF);
      if (UNRESERVED.indexOf(c) >= 0) {
        target.append(c);
      } else {
        target.append("%%%02X".formatted((int) c));
      }
    }
    return target.toString();
  }

  /** A text as the value of a query parameter. */
  public static String parameter(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }

  /** The value of a metric, as the scraper sees it. */
  public double metric(String name) {
    return get("/metrics")
        .send()
        .expect(200)
        .text()
        .lines()
        .filter(line -> line.startsWith(name + "{") || line.startsWith(name + " "))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
        .findFirst()
        .orElseThrow(() -> new AssertionError("no metric " + name));
  }
}
