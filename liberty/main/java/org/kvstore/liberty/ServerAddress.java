package org.kvstore.liberty;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Where the server listens.
 *
 * @param host a name or address, or one of those that stand for every interface
 * @param httpPort the port, or -1 for none
 * @param httpsPort the port, or -1 for none
 */
record ServerAddress(String host, int httpPort, int httpsPort) {
  private static final Set<String> EVERY_INTERFACE = Set.of("*", "0.0.0.0", "::");

  /** Reads {@code KV_HOST}, {@code KV_HTTP_PORT} and {@code KV_HTTPS_PORT}. */
  static ServerAddress of(Map<String, String> environment) {
    return new ServerAddress(
        environment.getOrDefault("KV_HOST", "127.0.0.1"),
        port(environment, "KV_HTTP_PORT", "8080"),
        port(environment, "KV_HTTPS_PORT", "8443"));
  }

  private static int port(Map<String, String> environment, String name, String byDefault) {
    try {
      return Integer.parseInt(environment.getOrDefault(name, byDefault));
    } catch (NumberFormatException e) {
      throw new StartupException(name + " is not a port number", e);
    }
  }

  /** Liberty would go on without a port that it cannot have. */
  void checkFree() {
    checkFree(host, httpPort, "see KV_HOST and KV_HTTP_PORT");
    checkFree(host, httpsPort, "see KV_HOST and KV_HTTPS_PORT");
  }

  /**
   * Refuses a port that another process has.
   *
   * @param advice what to do about it
   */
  static void checkFree(String host, int port, String advice) {
    if (port == -1) {
      return;
    }
    try (ServerSocket socket = new ServerSocket()) {
      socket.bind(
          EVERY_INTERFACE.contains(host)
              ? new InetSocketAddress(port)
              : new InetSocketAddress(InetAddress.getByName(host), port));
    } catch (IOException | IllegalArgumentException e) {
      throw new StartupException(
          "cannot listen on port %d of %s (%s)".formatted(port, host, advice), e);
    }
  }

  /**
   * The addresses under which this machine reaches the server, HTTP first; none if it is closed.
   */
  List<URI> own() {
    List<URI> addresses = new ArrayList<>();
    if (httpPort > 0) {
      addresses.add(URI.create("http://" + reachable() + ":" + httpPort));
    }
    if (httpsPort > 0) {
      addresses.add(URI.create("https://" + reachable() + ":" + httpsPort));
    }
    return List.copyOf(addresses);
  }

  private String reachable() {
    String name = isEveryInterface() ? "127.0.0.1" : host;
    return name.contains(":") && !name.startsWith("[") ? "[" + name + "]" : name;
  }

  private boolean isEveryInterface() {
    return EVERY_INTERFACE.contains(host);
  }

  /** The addresses for people. */
  @Override
  public String toString() {
    return own().stream().map(URI::toString).collect(Collectors.joining(" and "))
        + (isEveryInterface() ? " (and every other interface)" : "");
  }
}
