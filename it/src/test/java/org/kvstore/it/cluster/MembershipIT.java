package org.kvstore.it.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import jakarta.json.JsonString;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.kvstore.api.ClusterDocument;
import org.kvstore.api.ErrorCode;
import org.kvstore.client.KeyValueClient;
import org.kvstore.it.support.InTurn;
import org.kvstore.it.support.Service;

/**
 * Nodes are lost, replaced, added and removed while a client writes: none of its writes fails, and
 * none that was acknowledged is missing at any node. One story, in order, as each part of it begins
 * with the cluster that the one before left.
 */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@InTurn
class MembershipIT {
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  private static Cluster cluster;
  private static KeyValueClient client;
  private static int stories;

  private Writer writer;

  @BeforeAll
  static void start() {
    // Each node has a replica of each shard.
    cluster = Cluster.growing("membership", 3, 4, Map.of("KV_REPLICATION_FACTOR", "7"));
    cluster.start();
    client = cluster.client();
  }

  @AfterAll
  static void stop() {
    client.close();
    cluster.close();
  }

  @BeforeEach
  void write() {
    writer = new Writer(client, "story-" + stories++ + "/");
  }

  @AfterEach
  void end() {
    writer.close();
  }

  @Test
  @Order(1)
  void nodeThatLostItsData_isRefused_untilItIsReplaced() throws IOException {
    Node lost = cluster.node(3);
    lost.loseData();
    lost.start();
    awaitNotReady(lost, "its data is gone; it must not vote");
    assertThat(lost.log()).contains("its data is gone; it must not vote");
    assertThat(lost.cluster().nodes())
        .filteredOn(ClusterDocument.Node::self)
        .singleElement()
        .satisfies(self -> assertThat(self.problem()).contains("its data is gone"));
    writer.awaitWrites();
    client.removeNode("n3");
    awaitMembers(cluster.node(1), List.of("n1", "n2"));
    writer.awaitWrites();

    lost.lose();
    lost.start();
    awaitNotReady(lost, "waits to be made a member: kv cluster add n3");
    await().atMost(PATIENCE).untilAsserted(() -> client.addNode("n3", cluster.network().name(3)));
    awaitMembers(cluster.node(1), List.of("n1", "n2", "n3"));
    lost.awaitReady();
    writer.awaitWrites();
    writer.requireAll(lost);
  }

  private static void awaitNotReady(Node node, String why) {
    await()
        .atMost(PATIENCE)
        .until(
            () ->
                Node.ask(node.service(), node.service().get("/health/ready"))
                    .filter(answer -> answer.status() == 503)
                    .filter(answer -> answer.text().contains(why))
                    .isPresent());
  }

  @Test
  @Order(2)
  void nodeThatDoesNotFit_isNotAdded_andTheAnswerSaysWhy() throws IOException {
    Node other = cluster.node(4);
    other.set("KV_SHARDS", "8");
    other.start();
    Service asked = cluster.node(1).service();
    String added = "{\"id\":\"n4\",\"raftAddress\":\"%s\"}".formatted(cluster.network().name(4));
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () ->
                assertThat(
                        asked
                            .post("/v1/admin/cluster/nodes")
                            .header("Content-Type", "application/json")
                            .body(added)
                            .send()
                            .expect(ErrorCode.UNAVAILABLE)
                            .text())
                    .contains("The node n4 at ", "has 8 shards, and this one 4; kv.shards"));
    other.loseData();
    other.set("KV_SHARDS", Integer.toString(cluster.shards()));
    writer.awaitWrites();
  }

  @Test
  @Order(3)
  void nodeIsAdded_andAFounderRemoved_andLeadersAreSpread() {
    Node added = cluster.node(4);
    added.start();
    await().atMost(PATIENCE).untilAsserted(() -> client.addNode("n4", cluster.network().name(4)));
    awaitMembers(cluster.node(2), List.of("n1", "n2", "n3", "n4"));
    added.awaitReady();
    writer.awaitWrites();

    client.removeNode("n1");
    awaitMembers(cluster.node(2), List.of("n2", "n3", "n4"));
    assertThat(members(cluster.node(2)))
        .containsExactlyInAnyOrder(url(cluster.node(2)), url(cluster.node(3)), url(added));
    cluster.node(1).kill();
    writer.awaitWrites();
    writer.requireAll(added);
    await()
        .atMost(PATIENCE)
        .untilAsserted(() -> assertThat(leaders(cluster.node(2))).contains("n2", "n3", "n4"));
  }

  /** As {@code GET /v1/status} names them. */
  private static List<String> members(Node node) {
    return node
        .service()
        .get("/v1/status")
        .send()
        .expect(200)
        .json()
        .getJsonArray("members")
        .stream()
        .map(member -> ((JsonString) member).getString())
        .toList();
  }

  private static String url(Node node) {
    return node.service().uri().toString();
  }

  @Test
  @Order(4)
  void drainedNode_leadsNothing() {
    client.drainNode("n2");
    await()
        .atMost(PATIENCE)
        .until(
            () ->
                cluster.node(3).cluster().shards().stream()
                    .noneMatch(shard -> "n2".equals(shard.leader())));
    // The others hear of it within a second.
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () ->
                assertThat(cluster.node(3).cluster().nodes())
                    .filteredOn(ClusterDocument.Node::drained)
                    .extracting(ClusterDocument.Node::id)
                    .containsExactly("n2"));
    writer.awaitWrites();
    client.undrainNode("n2");
  }

  @Test
  @Order(5)
  void callsThatWouldHarm_areRefused() {
    Service service = cluster.node(2).service();
    cluster.node(4).kill();
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () ->
                service
                    .delete("/v1/admin/cluster/nodes/n3")
                    .send()
                    .expect(ErrorCode.PRECONDITION_FAILED));
    service.delete("/v1/admin/cluster/nodes/n9").send().expect(ErrorCode.NOT_FOUND);
    service
        .post("/v1/admin/cluster/nodes")
        .header("Content-Type", "application/json")
        .body("{\"id\":\"n5\",\"raftAddress\":\"127.0.0.1:1\"}")
        .send()
        .expect(ErrorCode.UNAVAILABLE);
    writer.awaitWrites();
  }

  /** Who leads the shards, that of the system included: with even shares everybody does. */
  private static List<String> leaders(Node at) {
    ClusterDocument document = at.cluster();
    return Stream.concat(document.shards().stream(), Stream.of(document.system()))
        .map(shard -> String.valueOf(shard.leader()))
        .toList();
  }

  private static void awaitMembers(Node at, List<String> ids) {
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () -> {
              ClusterDocument document = at.cluster();
              assertThat(document.moves()).isEmpty();
              assertThat(document.nodes()).extracting(ClusterDocument.Node::id).isEqualTo(ids);
              for (ClusterDocument.Shard shard : document.shards()) {
                assertThat(shard.replicas())
                    .extracting(ClusterDocument.Replica::node)
                    .isEqualTo(ids);
              }
            });
  }
}
