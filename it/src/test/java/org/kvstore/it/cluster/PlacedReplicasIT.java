package org.kvstore.it.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.kvstore.api.ClusterDocument;
import org.kvstore.client.Entry;
import org.kvstore.client.KeyValueClient;

/**
 * With more nodes than replicas each node serves every key all the same, while nodes come, go and
 * are killed as replicas move, and none of the writes that were acknowledged is missing anywhere.
 */
class PlacedReplicasIT {
  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final int REPLICAS = 3;

  private final Cluster cluster = Cluster.growing("placed", 4, 5);
  private final AtomicInteger written = new AtomicInteger();
  private KeyValueClient client;
  private CompletableFuture<Void> writer;
  private volatile boolean ends;

  @BeforeEach
  void start() {
    cluster.start();
    List<URI> uris = cluster.nodes().stream().map(node -> node.service().uri()).toList();
    client =
        KeyValueClient.builder(uris.get(0), uris.get(1), uris.get(2), uris.get(3))
            .totalTimeout(Duration.ofSeconds(60))
            .build();
    writer =
        CompletableFuture.runAsync(
            () -> {
              while (!ends) {
                client.put("k" + written.get(), "v" + written.get());
                written.incrementAndGet();
              }
            });
    awaitWrites();
  }

  @AfterEach
  void stop() {
    ends = true;
    client.close();
    cluster.close();
  }

  @Test
  void nodesComeAndGo_andAreKilledMeanwhile_andEachServesAll() {
    awaitEven(cluster.node(1), 4);
    cluster.nodes().subList(0, 4).forEach(this::requireAll);

    Node added = cluster.node(5);
    added.start();
    await().atMost(PATIENCE).untilAsserted(() -> client.addNode("n5", cluster.network().name(5)));
    await().atMost(PATIENCE).until(() -> counts(cluster.node(2)).containsKey("n5"));
    added.kill();
    awaitWrites();
    added.start();
    awaitEven(cluster.node(2), 5);
    added.awaitReady();
    awaitWrites();
    requireAll(added);

    cluster.node(1).kill();
    awaitWrites();
    await().atMost(PATIENCE).untilAsserted(() -> client.removeNode("n1"));
    awaitEven(cluster.node(2), 4);
    awaitWrites();
    cluster.nodes().subList(1, 5).forEach(this::requireAll);
    ends = true;
    writer.join();
  }

  private void awaitWrites() {
    int before = written.get();
    await().atMost(PATIENCE).until(() -> written.get() > before + 20 || writer.isDone());
    assertThat(writer).isNotCompletedExceptionally();
  }

  private static ClusterDocument cluster(Node at) {
    try (KeyValueClient one = at.service().client()) {
      return one.cluster().orElseThrow();
    }
  }

  /** Of how many data shards each node has a replica, as one of them sees it. */
  private static Map<String, Integer> counts(Node at) {
    Map<String, Integer> counts = new TreeMap<>();
    for (ClusterDocument.Shard shard : cluster(at).shards()) {
      shard.replicas().forEach(replica -> counts.merge(replica.node(), 1, Integer::sum));
    }
    return counts;
  }

  private void awaitEven(Node at, int nodes) {
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () -> {
              ClusterDocument document = cluster(at);
              assertThat(document.moves()).isEmpty();
              assertThat(document.nodes()).hasSize(nodes);
              assertThat(document.system().replicas()).hasSize(nodes);
              assertThat(document.shards())
                  .allSatisfy(shard -> assertThat(shard.replicas()).hasSize(REPLICAS));
              int all = document.shards().size() * REPLICAS;
              assertThat(counts(at))
                  .hasSize(nodes)
                  .allSatisfy(
                      (node, count) ->
                          assertThat(count).isBetween(all / nodes, (all + nodes - 1) / nodes));
            });
  }

  /** What was acknowledged is there, read at one node: the newest of it, and some of the rest. */
  private void requireAll(Node at) {
    int all = written.get();
    int step = Math.max(1, all / 300);
    try (KeyValueClient one = at.service().client()) {
      for (int i = all - 1; i >= 0; i -= i > all - 100 ? 1 : step) {
        assertThat(one.get("k" + i).map(Entry::text)).as("k" + i).hasValue("v" + i);
      }
    }
  }
}
