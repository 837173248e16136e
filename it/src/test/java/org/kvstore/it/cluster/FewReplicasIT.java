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
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentSkipListSet;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.kvstore.api.ClusterDocument;
import org.kvstore.api.Headers;
import org.kvstore.client.Change;
import org.kvstore.client.Entry;
import org.kvstore.client.KeyRange;
import org.kvstore.client.KeyValueClient;
import org.kvstore.client.Watch;
import org.kvstore.client.WatchEvent;
import org.kvstore.client.WatchOptions;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.Service;

/**
 * Five nodes, with three replicas of each shard: every node serves every request. One story, in
 * order.
 */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class FewReplicasIT {
  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final int KEYS = 40;

  private static Cluster cluster;

  @BeforeAll
  static void start() {
    cluster = new Cluster("few-replicas", 5);
    cluster.start();
  }

  @AfterAll
  static void stop() {
    cluster.close();
  }

  @Test
  @Order(1)
  void eachShard_isOnThreeNodes() {
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () -> {
              ClusterDocument document = document(cluster.node(1));
              for (ClusterDocument.Shard shard : document.shards()) {
                assertThat(shard.replicas()).hasSize(3);
              }
            });
  }

  @Test
  @Order(2)
  void whatOneNodeWrites_allOthersRead_inEveryWay() {
    for (int i = 0; i < KEYS; i++) {
      Service writer = cluster.node(1 + i % 5).service();
      writer.put("/v1/kv/read/" + i).body("v" + i).send().expect(201);
      for (Node reader : cluster.nodes()) {
        Service service = reader.service();
        assertThat(service.get("/v1/kv/read/" + i).send().expect(200).text()).isEqualTo("v" + i);
        Answer local = service.get("/v1/kv/read/" + i + "?consistency=local").send();
        assertThat(local.status()).isIn(200, 404);
        assertThat(local.findHeader(Headers.AGE)).isPresent();
      }
    }
    for (Node node : cluster.nodes()) {
      try (KeyValueClient client = node.service().client()) {
        assertThat(client.entries("read/").map(Entry::text)).hasSize(KEYS);
        assertThat(client.history("read/0").map(Change::key)).hasSize(1);
        assertThat(exported(client)).isGreaterThanOrEqualTo(KEYS);
      }
      Service service = node.service();
      assertThat(service.get("/v1/kv?prefix=read/&countOnly=true").send().text())
          .contains("\"count\":" + KEYS);
      assertThat(service.get("/v1/kv?prefix=read/&limit=7").send().expect(200).text())
          .contains("cursor");
    }
  }

  @Test
  @Order(3)
  void heldRead_isAnsweredAtEachNode_onceAnotherHasWritten() throws Exception {
    for (Node reader : cluster.nodes()) {
      for (int i = 0; i < 4; i++) {
        String key = "/v1/kv/held/" + reader.number() + "/" + i;
        CompletableFuture<Answer> held =
            CompletableFuture.supplyAsync(
                () -> reader.service().get(key).header("Prefer", "wait=20").send());
        await().until(() -> reader.service().metric("kvstore_held_requests") > 0);
        cluster.node(1 + reader.number() % 5).service().put(key).body("now").send().expect(201);
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
    for (int number = 1; number <= 4; number++) {
      KeyValueClient client = cluster.node(number).service().client();
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
        cluster.node(5).kill();
      }
      String key = "watched/" + i;
      Service writer = cluster.node(1 + i % 4).service();
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

  private static ClusterDocument document(Node at) {
    try (KeyValueClient one = at.service().client()) {
      return one.cluster().orElseThrow();
    }
  }
}
