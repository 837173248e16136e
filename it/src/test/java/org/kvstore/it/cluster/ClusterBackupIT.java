package org.kvstore.it.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.kvstore.api.ErrorCode;
import org.kvstore.client.Entry;
import org.kvstore.client.KeyValueClient;
import org.kvstore.client.PutOptions;
import org.kvstore.it.support.Cli;
import org.kvstore.it.support.InTurn;
import org.kvstore.it.support.ServerProcess;
import org.kvstore.it.support.Service;

/**
 * A backup of a cluster under writes has all that was acknowledged before it began, wherever its
 * replicas are, and goes into another cluster and into a single server.
 */
@InTurn
class ClusterBackupIT {
  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final int CLIENTS = 4;
  private static final int BEFORE = 500;

  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final List<AtomicInteger> written = new ArrayList<>();
  private volatile boolean ends;

  @AfterEach
  void stop() {
    ends = true;
    threads.shutdownNow();
  }

  @Test
  void backupUnderWrites_hasAllAcknowledgedBefore_inAnotherClusterAndInASingleServer()
      throws Exception {
    Path archive = ServerProcess.directory("cluster-archive").resolveSibling("cluster.tar");
    int[] before = backupUnderWrites(archive);

    try (Cluster other =
        new Cluster("restored", 3, Map.of("KV_SHARDS", "3", "KV_CLUSTER_ID", "restored"), false)) {
      other.start();
      Service service = other.node(2).service();
      new Cli(service).run("restore", archive.toString(), "--yes").expect(0);
      other.nodes().forEach(node -> requireAll(node.service(), before));
      new Cli(service).run("restore", archive.toString(), "--yes").expect(4);
    }
    try (ServerProcess single = ServerProcess.ready(ServerProcess.directory("single"))) {
      new Cli(single.service()).run("restore", archive.toString(), "--yes").expect(0);
      requireAll(single.service(), before);
    }
  }

  /** Returns how many writes of each client were acknowledged before the backup began. */
  private int[] backupUnderWrites(Path archive) throws Exception {
    // Each node has two thirds of the data.
    Map<String, String> variables = Map.of("KV_REPLICATION_FACTOR", "2");
    try (Cluster cluster = new Cluster("backed-up", 3, variables, false)) {
      cluster.start();
      List<CompletableFuture<Void>> writers = new ArrayList<>();
      try (KeyValueClient client = client(cluster)) {
        client.put("timed", "v", PutOptions.none().withTtl(Duration.ofDays(1)));
        for (int i = 0; i < CLIENTS; i++) {
          AtomicInteger count = new AtomicInteger();
          written.add(count);
          int number = i;
          writers.add(CompletableFuture.runAsync(() -> write(client, number, count), threads));
        }
        await()
            .atMost(PATIENCE)
            .until(() -> written.stream().allMatch(count -> count.get() >= BEFORE));
        int[] before = written.stream().mapToInt(AtomicInteger::get).toArray();

        Cli cli = new Cli(cluster.node(1).service());
        cli.run("backup", archive.toString()).expect(0);

        int during =
            written.stream().mapToInt(AtomicInteger::get).sum() - IntStream.of(before).sum();
        System.out.printf("ClusterBackupIT: %d writes while the backup was made%n", during);
        assertThat(during).isPositive();
        cli.run("verify-backup", archive.toString()).expect(0);
        cluster
            .node(1)
            .service()
            .post("/v1/admin/checkpoint")
            .send()
            .expect(ErrorCode.METHOD_NOT_ALLOWED);
        ends = true;
        writers.forEach(CompletableFuture::join);
        return before;
      }
    }
  }

  private static KeyValueClient client(Cluster cluster) {
    return KeyValueClient.builder(
            cluster.node(1).service().uri(),
            cluster.node(2).service().uri(),
            cluster.node(3).service().uri())
        .totalTimeout(Duration.ofSeconds(60))
        .build();
  }

  private void write(KeyValueClient client, int number, AtomicInteger count) {
    while (!ends) {
      client.put("client/" + number + "/" + count.get(), "value " + count.get());
      count.incrementAndGet();
    }
  }

  private void requireAll(Service service, int[] before) {
    try (KeyValueClient client = service.client()) {
      for (int i = 0; i < CLIENTS; i++) {
        Map<String, String> found = entries(client, "client/" + i + "/");
        for (int at = 0; at < before[i]; at++) {
          assertThat(found).containsEntry("client/" + i + "/" + at, "value " + at);
        }
        // Nothing that was never written; the last one may have been when the writer ended.
        assertThat(found.size()).isLessThanOrEqualTo(written.get(i).get());
      }
      assertThat(client.get("timed").orElseThrow().expiresAt()).isNotNull();
    }
  }

  private static Map<String, String> entries(KeyValueClient client, String prefix) {
    Map<String, String> found = new HashMap<>();
    try (Stream<Entry> entries = client.entries(prefix)) {
      entries.forEach(entry -> found.put(entry.key(), entry.text()));
    }
    return found;
  }
}
