package org.kvstore.client;

import java.net.URI;
import java.util.Arrays;
import java.util.List;

/** The addresses of servers, as people write them. */
final class Servers {
  private Servers() {}

  /** One address, or several with commas between them. */
  static List<URI> parse(String text) {
    return Arrays.stream(text.split(",", -1)).map(String::strip).map(URI::create).toList();
  }

  /**
   * An address that can be used, without slashes at its end.
   *
   * @throws IllegalArgumentException if it is not an http or https URL
   */
  static URI checked(URI server) {
    String scheme = server.getScheme();
    if (server.getHost() == null || !("http".equals(scheme) || "https".equals(scheme))) {
      throw new IllegalArgumentException("A server is an http or https URL, not " + server);
    }
    return URI.create(server.toString().replaceFirst("/+$", ""));
  }
}
