package org.kvstore.it.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.DynamicContainer.dynamicContainer;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import jakarta.json.JsonObject;
import java.time.Duration;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.TestFactory;
import org.kvstore.it.cluster.Cluster;
import org.kvstore.it.support.InTurn;
import org.kvstore.it.support.Service;

/**
 * The HTTP contract at a node of three that leads nothing. There is one shard, as on a single
 * server, so that what the contract says of a shard is so of all keys.
 */
@InTurn
abstract class NodeConformance {
  private static final int NODES = 3;
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  private final Cluster cluster;
  private final Service service;
  private final boolean hasReplica;
  private final Exchanges exchanges = new Exchanges();
  private final Servers servers;

  /**
   * @param replicas how many nodes have the shard; with two, the node that is asked has not
   */
  NodeConformance(int replicas) {
    hasReplica = replicas == NODES;
    Map<String, String> variables =
        Map.of("KV_SHARDS", "1", "KV_REPLICATION_FACTOR", Integer.toString(replicas));
    cluster = Cluster.growing("conformance", NODES, NODES, variables);
    service = cluster.node(NODES).service();
    servers = new Servers(service, true);
  }

  @BeforeEach
  void start() {
    cluster.start();
    service.put("/v1/admin/cluster/nodes/n" + NODES + "/drain").send().expect(200);
    await().atMost(PATIENCE).untilAsserted(this::requireIdle);
  }

  private void requireIdle() {
    JsonObject status = service.get("/v1/cluster").send().expect(200).json();
    JsonObject shard = status.getJsonArray("shards").getJsonObject(0);
    String self = cluster.node(NODES).id();
    assertThat(shard.getString("leader", self)).isNotEqualTo(self);
    assertThat(status.getJsonObject("system").getString("leader", self)).isNotEqualTo(self);
    assertThat(
            shard.getJsonArray("replicas").getValuesAs(JsonObject.class).stream()
                .anyMatch(replica -> replica.getString("node").equals(self)))
        .isEqualTo(hasReplica);
  }

  @TestFactory
  Stream<DynamicNode> contract() {
    Stream<DynamicNode> sections =
        Contract.sections(servers, exchanges)
            .map(section -> dynamicContainer(section.title(), section.sentences()));
    return Stream.concat(sections, Stream.of(openApi()));
  }

  private DynamicNode openApi() {
    return dynamicTest(
        "The OpenAPI document has every answer that was seen",
        () -> assertThat(OpenApi.of(service).undeclared(exchanges.seen())).isEmpty());
  }

  @AfterEach
  void stop() {
    servers.close();
    cluster.close();
  }
}
