package org.kvstore.liberty;

import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The port at which a node of a cluster hears the other nodes. Whoever reaches it could pass for
 * one, so beyond this machine nodes prove that they are by certificates of the same authority.
 *
 * @param host where it listens: that of the members, unless another one is set
 * @param port that of the members; what cannot be understood of them is for the server to refuse
 * @param environment the node's variables
 */
record ClusterPort(String host, OptionalInt port, Map<String, String> environment) {
  private static final String CERTIFICATE = "KV_CLUSTER_TLS_CERTIFICATE";
  private static final String KEY = "KV_CLUSTER_TLS_KEY";
  private static final String AUTHORITY = "KV_CLUSTER_TLS_AUTHORITY";

  /** Those that name files. */
  static final List<String> FILES = List.of(CERTIFICATE, KEY, AUTHORITY);

  /** That of the node; none for a server that is not in a cluster. */
  static Optional<ClusterPort> of(Map<String, String> environment) {
    return Optional.ofNullable(environment.get("KV_CLUSTER_NODE"))
        .map(node -> of(node, environment));
  }

  private static ClusterPort of(String node, Map<String, String> environment) {
    String members = environment.getOrDefault("KV_CLUSTER_MEMBERS", "");
    String address = environment.get("KV_CLUSTER_ADDRESS");
    Matcher own =
        Pattern.compile("(?:^|,)\\s*" + Pattern.quote(node) + "=([^,]*):([0-9]{1,5})\\s*(?:,|$)")
            .matcher(address == null ? members : node + "=" + address);
    boolean isMember = own.find();
    return new ClusterPort(
        environment.getOrDefault("KV_CLUSTER_HOST", isMember ? own.group(1) : "127.0.0.1"),
        isMember ? OptionalInt.of(Integer.parseInt(own.group(2))) : OptionalInt.empty(),
        Map.copyOf(environment));
  }

  /**
   * Lets the node start or not.
   *
   * @return warnings that are to be printed
   */
  List<String> check() {
    List<String> missing = FILES.stream().filter(file -> !environment.containsKey(file)).toList();
    if (!missing.isEmpty() && missing.size() < FILES.size()) {
      throw new StartupException(
          "%s belong together, but %s is not set"
              .formatted(String.join(", ", FILES), String.join(" and ", missing)));
    }
    if (!missing.isEmpty() && !Exposure.isLoopback(host)) {
      throw new StartupException(
          "the node listens on %s (see KV_CLUSTER_HOST), which other machines reach, and whoever does"
                  .formatted(host)
              + " could pass for a node: set %s to files such as 'kvstore.jar certificates' makes"
                  .formatted(String.join(", ", FILES)));
    }
    port.ifPresent(
        number ->
            ServerAddress.checkFree(host, number, "see KV_CLUSTER_HOST and KV_CLUSTER_MEMBERS"));
    if (!missing.isEmpty()) {
      return List.of();
    }
    return new NodeCertificate(file(CERTIFICATE), file(KEY), file(AUTHORITY))
        .check(Clock.systemUTC());
  }

  private Path file(String variable) {
    return Path.of(environment.get(variable));
  }
}
