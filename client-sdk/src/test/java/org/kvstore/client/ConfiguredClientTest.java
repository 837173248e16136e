package org.kvstore.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The injected client of several nodes, as the configuration of its application says. */
class ConfiguredClientTest {
  private static final String SERVERS = "kvstore.servers";
  private static final char[] PASSWORD = "changeit".toCharArray();

  private final FakeCluster cluster = new FakeCluster(3);

  @AfterEach
  void close() {
    cluster.close();
  }

  private static Link link(String... namesAndValues) {
    Map<String, String> values = new HashMap<>();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      values.put(namesAndValues[i], namesAndValues[i + 1]);
    }
    return new ConfiguredClient(new MapConfig(values)).nodes().orElseThrow();
  }

  private String servers() {
    return cluster.node(0).uri() + ", " + cluster.node(1).uri() + "," + cluster.node(2).uri();
  }

  @Test
  void noServers_theRestClientIsUsed() {
    MapConfig config = new MapConfig(Map.of("kvstore/mp-rest/url", "http://127.0.0.1:1"));
    assertThat(new ConfiguredClient(config).nodes()).isEmpty();
  }

  @Test
  void severalServers_anyTwoMayBeGone() {
    Link link = link(SERVERS, servers());
    KeyValueClient kv = new KeyValueClient(link);
    cluster.node(0).stop();
    assertThat(kv.put("a", "x").created()).isTrue();
    cluster.node(1).stop();
    assertThat(kv.get("a").map(Entry::text)).contains("x");
    assertThat(cluster.node(2).requests()).isNotEmpty();
    kv.close();
  }

  @Test
  void manyClients_shareTheNodes_andNoneClosesThem() {
    Link link = link(SERVERS, servers());
    for (int i = 0; i < 20; i++) {
      Link shared = new Link(link.requests().shared(), link.waitStep(), link.connector());
      try (KeyValueClient kv = new KeyValueClient(shared)) {
        kv.put("a", "x");
      }
    }
    assertThat(Stream.of(0, 1, 2).map(cluster::node).map(node -> node.requests().size()))
        .containsExactlyInAnyOrder(20, 0, 0);
    link.requests().close();
    assertThatThrownBy(() -> new KeyValueClient(link).get("a"))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void requests_areSentByTheirCallersThread_whateverTheTime() {
    Link link = link(SERVERS, servers(), "kvstore.total-timeout", "1s");
    Thread caller = Thread.currentThread();
    Thread sender = link.requests().read(api -> Thread.currentThread());
    assertThat(sender).isSameAs(caller);
    link.requests().close();
  }

  @Test
  void nodeRefresh_findsOthers() {
    cluster.node(0).tellOf(cluster.node(0), cluster.node(1));
    Link link = link(SERVERS, cluster.node(0).uri().toString(), "kvstore.node-refresh", "1m");
    KeyValueClient kv = new KeyValueClient(link);
    kv.put("a", "x");
    await().until(() -> cluster.node(0).listsTold() == 1);
    cluster.node(0).stop();
    assertThat(kv.get("a")).isPresent();
    kv.close();
  }

  @ParameterizedTest
  @CsvSource({
    "kvstore.servers, 'http://127.0.0.1:1,', http or https",
    "kvstore.total-timeout, soon, kvstore.total-timeout",
    "kvstore.total-timeout, 11m, 10 min",
    "kvstore.node-refresh, 10ms, once a second",
    "kvstore/mp-rest/trustStore, classpath:/none.p12, classpath:/none.p12",
    "kvstore/mp-rest/keyStore, file:///none.p12, file:///none.p12"
  })
  void whatIsWrong_isNamed(String name, String value, String named) {
    assertThatThrownBy(() -> link(SERVERS, "http://127.0.0.1:1", name, value))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("configuration")
        .hasMessageContaining(named);
  }

  @ParameterizedTest
  @ValueSource(strings = {"JKS", "PKCS12"})
  void keyStore_isRead_withItsPassword(String type, @TempDir Path directory)
      throws IOException, GeneralSecurityException {
    Path file = directory.resolve("store");
    KeyStore store = KeyStore.getInstance(type);
    store.load(null, PASSWORD);
    try (OutputStream out = Files.newOutputStream(file)) {
      store.store(out, PASSWORD);
    }
    String location = file.toUri().toString();
    assertThat(new ConfiguredStore(location, type, PASSWORD).load().size()).isZero();
    ConfiguredStore wrong = new ConfiguredStore(location, type, "secret".toCharArray());
    assertThatThrownBy(wrong::load)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageNotContaining("secret");
    assertThat(wrong.toString()).doesNotContain("secret");
  }
}
