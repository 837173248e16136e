package org.kvstore.it.cluster;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.kvstore.it.support.Service.parameter;
import static org.kvstore.it.support.Service.target;

import jakarta.json.JsonObject;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.stream.IntStream;
import org.jboss.arquillian.container.test.api.Deployment;
import org.jboss.arquillian.junit5.ArquillianExtension;
import org.jboss.shrinkwrap.api.ShrinkWrap;
import org.jboss.shrinkwrap.api.asset.EmptyAsset;
import org.jboss.shrinkwrap.api.asset.StringAsset;
import org.jboss.shrinkwrap.api.spec.WebArchive;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.extension.ExtendWith;
import org.kvstore.api.ErrorCode;
import org.kvstore.client.KeyRange;
import org.kvstore.client.KeyValueClient;
import org.kvstore.client.ListOptions;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.Cli;
import org.kvstore.it.support.InTurn;
import org.kvstore.it.support.RawRequest;
import org.kvstore.it.support.ServerProcess;
import org.kvstore.it.support.Service;
import org.kvstore.it.visits.VisitsApplication;
import org.kvstore.it.visits.VisitsResource;

/**
 * Three nodes as applications see them: through the client, on its own and injected, through the
 * program, and by HTTP where a cluster answers otherwise than one server. Each story leaves all
 * nodes running.
 */
@ExtendWith(ArquillianExtension.class)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@InTurn
class ClusterClientIT {
  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final String NAME = "Idempotency-Key";
  private static final int LINES = 15_000;
  private static final int SOME = 1_000;

  /** Begins as soon as the application that is deployed has to know where the nodes are. */
  private static final class Started {
    static final Cluster CLUSTER = start();

    private static Cluster start() {
      Cluster cluster = new Cluster("cluster-client", 3);
      cluster.start();
      return cluster;
    }
  }

  private static Cluster cluster() {
    return Started.CLUSTER;
  }

  @Deployment(testable = false)
  static WebArchive visits() throws URISyntaxException {
    return ShrinkWrap.create(WebArchive.class, "cluster-visits.war")
        .addClasses(VisitsApplication.class, VisitsResource.class)
        .addAsLibrary(
            new File(
                KeyValueClient.class.getProtectionDomain().getCodeSource().getLocation().toURI()))
        .addAsWebInfResource(EmptyAsset.INSTANCE, "beans.xml")
        .addAsResource(
            new StringAsset("kvstore.servers=" + servers() + "\n"),
            "META-INF/microprofile-config.properties");
  }

  @AfterAll
  static void stop() {
    cluster().close();
  }

  @Test
  @Order(1)
  void leaderDies_noRequestFails_norIsDoneTwice_andWatchesMissNothing() throws Exception {
    String prefix = "death/";
    int shard = shard(ClientLoad.counter(prefix));
    String key = key(prefix + "history", shard);
    writeHistory(cluster().node(1).service(), key);
    JsonObject first = history(cluster().leader(shard), key, "");
    JsonObject second = history(cluster().leader(shard), key, first.getString("cursor"));
    Path lines = lines(prefix + "import/");
    try (ClientLoad load = load(prefix)) {
      load.awaitMore();
      CompletableFuture<Cli.Run> importing =
          CompletableFuture.supplyAsync(() -> kv("-s", servers(), "import", lines.toString()));
      await().atMost(PATIENCE).until(() -> count(prefix + "import/") > SOME);
      Node leader = cluster().leader(shard);
      assertThat(importing).isNotDone();
      leader.kill();

      load.awaitMore();
      for (Node survivor : others(leader)) {
        assertThat(history(survivor, key, "")).isEqualTo(first);
        assertThat(history(survivor, key, first.getString("cursor"))).isEqualTo(second);
      }
      assertThat(importing.join().expect(0).err()).contains(LINES + " imported");
      leader.start();
      leader.awaitReady();
      assertThat(history(leader, key, "")).isEqualTo(first);
      load.awaitMore();
      load.finish(cluster().nodes());
    }
    try (KeyValueClient client = cluster().node(1).service().client()) {
      ListOptions pages = ListOptions.defaults().withLimit(ListOptions.MAX_LIMIT);
      assertThat(client.entries(KeyRange.prefix(prefix + "import/"), pages))
          .hasSize(LINES)
          .allMatch(entry -> entry.version() == 1);
    }
  }

  /** A node is stopped as an upgrade does it, and the next one when it is ready again. */
  @Test
  @Order(2)
  void allAreRestartedInTurn_noRequestFails() {
    try (ClientLoad load = load("restart/")) {
      load.awaitMore();
      for (Node node : cluster().nodes()) {
        node.stop();
        load.awaitMore();
        node.start();
        node.awaitReady();
        load.awaitMore();
      }
      load.finish(cluster().nodes());
    }
  }

  @Test
  @Order(3)
  void transaction_whoseKeysAreInTwoShards_isRefused_andSaysHowItWouldNotBe() {
    String one = "txn/a";
    String other = key("txn/b", shard(one) + 1);
    for (Node node : cluster().nodes()) {
      Service service = node.service();
      String text = transact(service, put(one), put(other)).expect(ErrorCode.CROSS_SHARD).text();
      assertThat(text).contains(other, "orders/{42}/head");
      String list = "{\"op\":\"list\",\"prefix\":\"txn/\"}";
      transact(service, put(one), list).expect(ErrorCode.CROSS_SHARD);
      service.get(target(one)).send().expect(ErrorCode.NOT_FOUND);

      String tag = "txn/{42}/" + node.id() + "/";
      String tagged = "{\"op\":\"list\",\"prefix\":\"%s\"}".formatted(tag);
      JsonObject done =
          transact(service, put(tag + "head"), put(tag + "lines"), tagged).expect(200).json();
      assertThat(done.getJsonArray("results").getJsonObject(2).getJsonArray("entries")).hasSize(2);
    }
  }

  @Test
  @Order(4)
  void nameOfAWrite_isRememberedByTheShardOfItsKey() {
    String key = "named/a";
    String same = key("named/b", shard(key));
    String elsewhere = key("named/c", shard(key) + 1);
    Answer first = named(cluster().node(1), key).send().expect(201);
    for (Node node : cluster().nodes()) {
      assertThat(named(node, key).send().expect(201).etag()).isEqualTo(first.etag());
      JsonObject refused = named(node, same).send().expect(ErrorCode.REQUEST_INVALID).json();
      assertThat(refused.getString("field")).isEqualTo(NAME);
      named(node, elsewhere).send().expect(201);
    }
    Service service = cluster().node(2).service();
    assertThat(service.get(target(elsewhere)).send().header("KV-Version")).isEqualTo("1");
    service.get(target(same)).send().expect(ErrorCode.NOT_FOUND);
  }

  /** As README.md says: what moves, what does not, and that it goes the other way too. */
  @Test
  @Order(5)
  void singleServer_movesIntoTheCluster_andBack() throws IOException {
    try (ServerProcess back = ServerProcess.started(ServerProcess.directory("back"), Map.of());
        ServerProcess single = ServerProcess.ready(ServerProcess.directory("single"))) {
      String lease = MovedEntries.write(single.service());
      String kept = MovedEntries.exported(single.service());
      move(single.service().uri().toString(), servers());
      for (Node node : cluster().nodes()) {
        assertThat(MovedEntries.exported(node.service())).isEqualTo(kept);
        MovedEntries.requireNew(node.service());
      }
      single.service().delete("/v1/leases/" + lease).send().expect(204);
      String leased = target(MovedEntries.LEASED);
      single.service().get(leased).send().expect(ErrorCode.NOT_FOUND);
      cluster().node(1).service().get(leased).send().expect(200);

      back.awaitReady();
      move(servers(), back.service().uri().toString());
      assertThat(MovedEntries.exported(back.service())).isEqualTo(kept);
      MovedEntries.requireNew(back.service());
    }
    Service node = cluster().node(3).service();
    String brief = target(MovedEntries.BRIEF);
    await().atMost(PATIENCE).until(() -> node.get(brief).send().status() == 404);
  }

  private static void move(String from, String to) throws IOException {
    Path file = ServerProcess.directory("moved").resolveSibling("store.ndjson");
    Files.write(file, kv("-s", from, "export", MovedEntries.PREFIX).expect(0).out());
    assertThat(kv("-s", to, "import", file.toString()).expect(0).err()).contains(" imported");
  }

  private static RawRequest named(Node node, String key) {
    return node.service().put(target(key)).header(NAME, "one-name").body("x");
  }

  private static Answer transact(Service service, String... operations) {
    return service
        .post("/v1/txn")
        .header("Content-Type", "application/json")
        .body("{\"then\":[" + String.join(",", operations) + "]}")
        .send();
  }

  private static String put(String key) {
    return "{\"op\":\"put\",\"key\":\"%s\",\"value\":\"x\"}".formatted(key);
  }

  private static int shard(String key) {
    return Keys.shard(key, cluster().shards());
  }

  /** A key in a shard, counted on from the last to the first. */
  private static String key(String prefix, int shard) {
    return IntStream.iterate(0, i -> i + 1)
        .mapToObj(i -> prefix + i)
        .filter(each -> shard(each) == shard % cluster().shards())
        .findFirst()
        .orElseThrow();
  }

  /** The load, and an application beside it whose client is injected. */
  private static ClientLoad load(String prefix) {
    ClientLoad load = new ClientLoad(uris(), prefix);
    Service application = new Service(Integer.getInteger("it.http.port"));
    String visit = "/cluster-visits/visits?key=" + parameter(prefix + "visits");
    load.begin(
        "visits",
        number ->
            assertThat(application.post(visit).send().expect(200).text())
                .isEqualTo(Integer.toString(number + 1)));
    return load;
  }

  private static List<URI> uris() {
    return cluster().nodes().stream().map(node -> node.service().uri()).toList();
  }

  private static String servers() {
    return uris().stream().map(URI::toString).collect(joining(","));
  }

  private static List<Node> others(Node node) {
    return cluster().nodes().stream().filter(each -> each != node).toList();
  }

  private static int count(String prefix) {
    return cluster()
        .node(1)
        .service()
        .get("/v1/kv?countOnly=true&prefix=" + prefix)
        .send()
        .expect(200)
        .json()
        .getInt("count");
  }

  private static void writeHistory(Service service, String key) {
    for (int i = 0; i < 4; i++) {
      service.put(target(key)).body("v" + i).send();
    }
    service.delete(target(key)).send().expect(204);
    service.put(target(key)).body("again").send().expect(201);
  }

  /** A page of three versions. */
  private static JsonObject history(Node node, String key, String cursor) {
    String more = cursor.isEmpty() ? "" : "&cursor=" + parameter(cursor);
    String page = target(key).replace("/v1/kv/", "/v1/history/") + "?limit=3" + more;
    // A node that has just lost its leader says so until there is another.
    return await()
        .atMost(PATIENCE)
        .until(() -> node.service().get(page).send(), answer -> answer.status() == 200)
        .json();
  }

  private static Path lines(String prefix) throws IOException {
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < LINES; i++) {
      lines.add("{\"op\":\"put\",\"key\":\"%s%d\",\"value\":\"v%d\"}".formatted(prefix, i, i));
    }
    return Files.write(ServerProcess.directory("lines").resolveSibling("lines.ndjson"), lines);
  }

  private static Cli.Run kv(String... arguments) {
    try {
      return new Cli(cluster().node(1).service()).run(arguments);
    } catch (IOException | InterruptedException e) {
      throw new CompletionException(e);
    }
  }
}
