package org.kvstore.client.cli;

import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ClusterDocument;
import org.kvstore.client.KeyValueClient;
import org.kvstore.client.UnavailableException;

/**
 * What the servers of the options see of their cluster: the first of them that answers. A node that
 * comes or goes is no witness of that: it may not have heard of it yet, or hear nothing any more.
 */
final class ClusterViews implements AutoCloseable {
  private static final Duration LONGEST_ANSWER = Duration.ofSeconds(10);

  private final Kv kv;
  private final @Nullable String node;
  private final Duration answer;
  private final Map<String, KeyValueClient> clients = new HashMap<>();

  /**
   * Asks nobody yet.
   *
   * @param node id of the node that comes or goes; null where any may be asked
   * @param limit how long an answer may take at most
   */
  ClusterViews(Kv kv, @Nullable String node, Duration limit) {
    this.kv = kv;
    this.node = node;
    answer = Kv.shorter(limit, LONGEST_ANSWER);
  }

  /**
   * Asks one server after another; empty when none but the node itself answers.
   *
   * @throws UnavailableException when none answers at all
   * @throws NoClusterException when one is no node of a cluster
   */
  Optional<ClusterDocument> read() throws IOException {
    @Nullable UnavailableException silence = null;
    boolean isAnswered = false;
    for (String server : kv.servers().split(",", -1)) {
      try {
        ClusterDocument seen =
            client(server.strip()).cluster().orElseThrow(NoClusterException::new);
        if (!isOfNode(seen)) {
          return Optional.of(seen);
        }
        isAnswered = true;
      } catch (UnavailableException silent) {
        silence = silent;
      }
    }
    if (silence != null && !isAnswered) {
      throw silence;
    }
    return Optional.empty();
  }

  private boolean isOfNode(ClusterDocument seen) {
    return seen.nodes().stream().anyMatch(of -> of.self() && of.id().equals(node));
  }

  private KeyValueClient client(String server) throws IOException {
    KeyValueClient client = clients.get(server);
    if (client == null) {
      client = kv.connect(server, answer, answer);
      clients.put(server, client);
    }
    return client;
  }

  @Override
  public void close() {
    clients.values().forEach(KeyValueClient::close);
  }
}
