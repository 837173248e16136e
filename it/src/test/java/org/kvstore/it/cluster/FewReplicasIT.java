package org.kvstore.it.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentSkipListSet;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.kvstore.api.ClusterDocument;
import org.kvstore.api.Headers;
import org.kvstore.api.MediaTypes;
import org.kvstore.client.Change;
import org.kvstore.client.Entry;
import org.kvstore.client.KeyRange;
import org.kvstore.client.KeyValueClient;
import org.kvstore.client.ListOptions;
import org.kvstore.client.LocalEntry;
import org.kvstore.client.Watch;
import org.kvstore.client.WatchEvent;
import org.kvstore.client.WatchOptions;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.InTurn;
import org.kvstore.it.support.RawRequest;
import org.kvstore.it.support.Service;

/**
 * With more nodes than replicas each node serves every request all the same, while nodes come, go
 * and are killed as replicas move, and none of the writes that were acknowledged is missing
 * anywhere. One story, in order.
 */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@InTurn
class FewReplicasIT {
  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final int KEYS = 40;
  private static final int FOUNDERS = 4;
  private static final int REPLICAS = 3;

  private static Cluster cluster;

  @BeforeAll
  static void start() {
    cluster = Cluster.growing("few-replicas", FOUNDERS, FOUNDERS + 1);
    cluster.start();
  }

  @AfterAll
  static void stop() {
    cluster.close();
  }

  private static List<Node> founders() {
    return cluster.nodes().subList(0, FOUNDERS);
  }

  @Test
  @Order(1)
  void eachShard_isOnThreeNodes_evenly() {
    awaitEven(cluster.node(1), FOUNDERS);
  }

  @Test
  @Order(2)
  void whatOneNodeWrites_allOthersRead_inEveryWay() {
    for (int i = 0; i < KEYS; i++) {
      Service writer = cluster.node(1 + i % FOUNDERS).service();
      writer.put("/v1/kv/read/" + i).body("v" + i).send().expect(201);
      for (Node reader : founders()) {
        Service service = reader.service();
        assertThat(service.get("/v1/kv/read/" + i).send().expect(200).text()).isEqualTo("v" + i);
        Answer local = service.get("/v1/kv/read/" + i + "?consistency=local").send();
        assertThat(local.status()).isIn(200, 404);
        assertThat(local.findHeader(Headers.AGE)).isPresent();
        requireAge(service.get("/v1/history/read/" + i + "?consistency=local"));
      }
    }
    for (Node node : founders()) {
      try (KeyValueClient client = node.service().client()) {
        assertThat(client.entries("read/").map(Entry::text)).hasSize(KEYS);
        assertThat(client.history("read/0").map(Change::key)).hasSize(1);
        requireLocalReads(client);
        assertThat(exported(client)).isGreaterThanOrEqualTo(KEYS);
      }
      Service service = node.service();
      requireAge(service.get("/v1/kv?prefix=read/&consistency=local"));
      requireAge(service.get("/v1/kv?prefix=read/&countOnly=true&consistency=local"));
      requireAge(
          service.get("/v1/kv?prefix=read/&consistency=local").header("Accept", MediaTypes.NDJSON));
      assertThat(service.get("/v1/kv?prefix=read/").send().findHeader(Headers.AGE)).isEmpty();
      assertThat(service.get("/v1/kv?prefix=read/&countOnly=true").send().text())
          .contains("\"count\":" + KEYS);
      assertThat(service.get("/v1/kv?prefix=read/&limit=7").send().expect(200).text())
          .contains("cursor");
    }
  }

  /** What a node has at some time is what others have written. */
  private static void requireLocalReads(KeyValueClient client) {
    await()
        .atMost(Duration.ofSeconds(30))
        .untilAsserted(
            () -> {
              LocalEntry read = client.getLocal("read/0");
              assertThat(read.entry().map(Entry::text)).contains("v0");
              assertThat(read.age()).isPresent();
            });
    LocalEntry missing = client.getLocal("read/none");
    assertThat(missing.entry()).isEmpty();
    assertThat(missing.age()).isPresent();
    ListOptions local = ListOptions.defaults().withLimit(7).local();
    await()
        .atMost(Duration.ofSeconds(30))
        .until(() -> client.count(KeyRange.prefix("read/"), local) == KEYS);
    assertThat(client.entries(KeyRange.prefix("read/"), local).map(Entry::text)).hasSize(KEYS);
  }

  /** Each local read says how old it may be. */
  private static void requireAge(RawRequest request) {
    Answer answer = request.send().expect(200);
    assertThat(answer.findHeader(Headers.AGE)).as("the age in %s", answer).isPresent();
  }

  @Test
  @Order(3)
  void heldRead_isAnsweredAtEachNode_onceAnotherHasWritten() throws Exception {
    for (Node reader : founders()) {
      for (int i = 0; i < 4; i++) {
        String key = "/v1/kv/held/" + reader.number() + "/" + i;
        CompletableFuture<Answer> held =
            CompletableFuture.supplyAsync(
                () -> reader.service().get(key).header("Prefer", "wait=20").send());
        await().until(() -> reader.service().metric("kvstore_held_requests") > 0);
        cluster
            .node(1 + reader.number() % FOUNDERS)
            .service()
            .put(key)
            .body("now")
            .send()
            .expect(201);
        assertThat(held.get().expect(200).text()).isEqualTo("now");
      }
    }
  }

  /** Also over the death of a node, whose shards have their replicas rebuilt elsewhere or not. */
  @Test
  @Order(4)
  void watchAtEachNode_getsEveryChange_overTheDeathOfANode() {
    List<Watch> watches = new ArrayList<>();
    List<Set<String>> seen = new ArrayList<>();
    List<KeyValueClient> clients = new ArrayList<>();
    Node dies = cluster.node(FOUNDERS);
    for (Node node : founders().subList(0, FOUNDERS - 1)) {
      KeyValueClient client = node.service().client();
      Watch watch = client.watch(WatchOptions.prefix("watched/"));
      Set<String> keys = new ConcurrentSkipListSet<>();
      clients.add(client);
      watches.add(watch);
      seen.add(keys);
      new Thread(() -> follow(watch, keys)).start();
    }
    Set<String> written = new TreeSet<>();
    for (int i = 0; i < 200; i++) {
      if (i == 60) {
        dies.kill();
      }
      String key = "watched/" + i;
      Service writer = cluster.node(1 + i % (FOUNDERS - 1)).service();
      await()
          .atMost(PATIENCE)
          .until(
              () ->
                  Node.ask(writer, writer.put("/v1/kv/" + key).body("v"))
                      .map(answer -> answer.status() < 300)
                      .equals(Optional.of(true)));
      written.add(key);
    }
    for (Set<String> keys : seen) {
      await().atMost(PATIENCE).untilAsserted(() -> assertThat(keys).isEqualTo(written));
    }
    watches.forEach(Watch::close);
    clients.forEach(KeyValueClient::close);
    dies.start();
    dies.awaitReady();
  }

  @Test
  @Order(5)
  @EnabledIfSystemProperty(named = "long", matches = "true")
  void nodesComeAndGo_andAreKilledMeanwhile_andEachServesAll() {
    awaitEven(cluster.node(1), FOUNDERS);
    try (KeyValueClient client = cluster.client();
        Writer writer = new Writer(client, "k")) {
      founders().forEach(writer::requireAll);

      Node added = cluster.node(5);
      added.start();
      // It may not listen yet.
      await()
          .atMost(PATIENCE)
          .ignoreExceptions()
          .untilAsserted(() -> client.addNode("n5", cluster.network().name(5)));
      await().atMost(PATIENCE).until(() -> counts(cluster.node(2)).containsKey("n5"));
      added.kill();
      writer.awaitWrites();
      added.start();
      awaitEven(cluster.node(2), 5);
      added.awaitReady();
      writer.awaitWrites();
      writer.requireAll(added);

      cluster.node(1).kill();
      writer.awaitWrites();
      await().atMost(PATIENCE).ignoreExceptions().untilAsserted(() -> client.removeNode("n1"));
      awaitEven(cluster.node(2), 4);
      writer.awaitWrites();
      cluster.nodes().subList(1, 5).forEach(writer::requireAll);
    }
  }

  /** Lines of an export. */
  private static long exported(KeyValueClient client) {
    try (InputStream lines = client.export(KeyRange.prefix("read/"))) {
      return new String(lines.readAllBytes(), StandardCharsets.UTF_8).lines().count();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void follow(Watch watch, Set<String> keys) {
    try {
      watch.forEach(
          event -> {
            if (event instanceof WatchEvent.Changed changed) {
              keys.add(changed.change().key());
            }
          });
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Of how many data shards each node has a replica, as one of them sees it. */
  private static Map<String, Integer> counts(Node at) {
    Map<String, Integer> counts = new TreeMap<>();
    for (ClusterDocument.Shard shard : at.cluster().shards()) {
      shard.replicas().forEach(replica -> counts.merge(replica.node(), 1, Integer::sum));
    }
    return counts;
  }

  private static void awaitEven(Node at, int nodes) {
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () -> {
              ClusterDocument document = at.cluster();
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
}
