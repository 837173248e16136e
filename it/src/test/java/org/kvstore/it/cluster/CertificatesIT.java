package org.kvstore.it.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.kvstore.it.support.Service.target;

import jakarta.json.JsonObject;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.InTurn;
import org.kvstore.it.support.LauncherProcess;
import org.kvstore.it.support.ServerProcess;

/**
 * Nodes that prove to each other who they are, by certificates of the command that comes with them,
 * and one that proves to be another's.
 */
@InTurn
class CertificatesIT {
  private static final Duration PATIENCE = Duration.ofMinutes(1);
  private static final String AUTHORITY = "kv.cluster.tls.authority";

  private final Path directory = ServerProcess.directory("certificates");

  @Test
  void nodesOfOneAuthority_formACluster_andOneOfAnother_isRefused_andSaidSo() {
    try (Cluster cluster = new Cluster("certificates", 3)) {
      Path ours = certificates(cluster, "ours");
      cluster.nodes().forEach(node -> use(node, ours));
      cluster.start();
      requireAllServe(cluster, "first");

      Node other = cluster.node(3);
      other.stop();
      use(other, certificates(cluster, "theirs"));
      other.start();

      requireStranger(cluster.node(1), other);
      requireStranger(other, cluster.node(1));
      assertThat(ready(other).status()).isEqualTo(503);
      assertThat(ready(cluster.node(1)).status()).isEqualTo(200);
      put(cluster.node(1), "without", "n3");

      other.stop();
      use(other, ours);
      other.start();
      other.awaitReady();
      assertThat(get(other, "without")).isEqualTo("n3");
      requireAllServe(cluster, "again");
      await()
          .atMost(PATIENCE)
          .until(() -> node(cluster.node(1), other).getString("problem", "").isEmpty());
    }
  }

  private Path certificates(Cluster cluster, String authority) {
    Path made = directory.resolveSibling(authority);
    String nodes =
        cluster.nodes().stream()
            .map(
                node ->
                    node.id() + "=" + cluster.network().name(node.number()).replaceAll(":.*", ""))
            .collect(Collectors.joining(","));
    try (LauncherProcess command =
        LauncherProcess.start(
            Map.of(), "certificates", "--directory", made.toString(), "--nodes", nodes)) {
      assertThat(command.exitCode()).as(command.log()).isZero();
    }
    return made;
  }

  private static void use(Node node, Path certificates) {
    node.set("KV_CLUSTER_TLS_CERTIFICATE", certificates.resolve(node.id() + ".crt").toString());
    node.set("KV_CLUSTER_TLS_KEY", certificates.resolve(node.id() + ".key").toString());
    node.set("KV_CLUSTER_TLS_AUTHORITY", certificates.resolve("authority.crt").toString());
  }

  /** Log, readiness and description of a node say why it does not talk to another one. */
  private static void requireStranger(Node at, Node stranger) {
    await()
        .atMost(PATIENCE)
        .ignoreExceptions()
        .untilAsserted(
            () -> {
              JsonObject described = node(at, stranger);
              assertThat(described.getString("problem", "")).contains("certificate", AUTHORITY);
              assertThat(described.getBoolean("alive")).isFalse();
              assertThat(at.log())
                  .containsPattern("Node " + stranger.id() + " at .* certificate .*" + AUTHORITY);
              assertThat(ready(at).text())
                  .containsPattern("Node " + stranger.id() + " at .* certificate .*" + AUTHORITY);
            });
  }

  private static JsonObject node(Node at, Node other) {
    return ClusterStatus.of(at).orElseThrow().json().getJsonArray("nodes").stream()
        .map(JsonObject.class::cast)
        .filter(node -> node.getString("id").equals(other.id()))
        .findFirst()
        .orElseThrow();
  }

  private static Answer ready(Node node) {
    return node.service().get("/health/ready").send();
  }

  /** Each node takes writes that each other reads. */
  private static void requireAllServe(Cluster cluster, String value) {
    for (Node writer : cluster.nodes()) {
      String key = "by/" + writer.id();
      put(writer, key, value);
      for (Node reader : cluster.nodes()) {
        assertThat(get(reader, key)).as("%s at %s", key, reader.id()).isEqualTo(value);
      }
    }
  }

  /** A shard that has just lost its leader says so until it has another. */
  private static void put(Node node, String key, String value) {
    await()
        .atMost(PATIENCE)
        .until(() -> node.service().put(target(key)).body(value).send().status() / 100 == 2);
  }

  private static String get(Node node, String key) {
    return await()
        .atMost(PATIENCE)
        .until(() -> node.service().get(target(key)).send(), answer -> answer.status() == 200)
        .text();
  }
}
