package org.kvstore.liberty;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * A node of a cluster that is all on this machine.
 *
 * @param name its id
 * @param port of HTTP
 * @param raftPort at which it hears the other nodes
 * @param data its data directory
 */
record LocalNode(String name, int port, int raftPort, Path data) {
  static final String HOST = "127.0.0.1";
  private static final String LOG_LEVEL = "KV_LOG_LEVEL";
  private static final String QUIET = "ERROR";
  private static final List<String> LOGS = List.of("KV_ACCESS_LOG", "KV_AUDIT_LOG");
  private static final List<String> NOT_WANTED =
      List.of(
          "KV_HTTP_REDIRECT",
          "KV_CLUSTER_TLS_CERTIFICATE",
          "KV_CLUSTER_TLS_KEY",
          "KV_CLUSTER_TLS_AUTHORITY");

  String url() {
    return "http://" + HOST + ":" + port;
  }

  /** Refuses to start if another process has one of its ports. */
  void checkFree() {
    ServerAddress.checkFree(HOST, port, "of %s; see --port".formatted(name));
    ServerAddress.checkFree(
        HOST, raftPort, "at which %s hears the other nodes, in %s".formatted(name, data));
  }

  /**
   * The variables that make a server this node.
   *
   * @param all the nodes
   * @param given the variables of the user
   */
  Map<String, String> variables(List<LocalNode> all, Map<String, String> given) {
    Map<String, String> variables = new HashMap<>();
    NOT_WANTED.forEach(name -> variables.put(name, ""));
    if (given.getOrDefault(LOG_LEVEL, "").isEmpty()) {
      // All that nodes warn of when one is away would drown what this process says.
      variables.put(LOG_LEVEL, QUIET);
      variables.put(ServerCommand.EARLY_LOG_LEVEL, QUIET);
    }
    for (String log : LOGS) {
      if (!given.getOrDefault(log, "").isEmpty()) {
        Path file = Path.of(given.get(log));
        variables.put(log, file.resolveSibling(name + "-" + file.getFileName()).toString());
      }
    }
    variables.put("KV_DATA_DIR", data.toString());
    variables.put("KV_HOST", HOST);
    variables.put("KV_HTTP_PORT", Integer.toString(port));
    variables.put("KV_HTTPS_PORT", "-1");
    variables.put("KV_CLUSTER_NODE", name);
    variables.put("KV_CLUSTER_ID", "local");
    variables.put("KV_CLUSTER_HOST", HOST);
    variables.put("KV_CLUSTER_MEMBERS", list(all, node -> HOST + ":" + node.raftPort));
    variables.put("KV_CLUSTER_URLS", list(all, LocalNode::url));
    return variables;
  }

  private static String list(List<LocalNode> all, Function<LocalNode, String> address) {
    return all.stream()
        .map(node -> node.name + "=" + address.apply(node))
        .collect(Collectors.joining(","));
  }
}
