package org.kvstore.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kvstore.it.support.Service.target;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.kvstore.client.Entry;
import org.kvstore.client.KeyValueClient;
import org.kvstore.client.Relation;
import org.kvstore.client.Value;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.RawRequest;
import org.kvstore.it.support.Seed;
import org.kvstore.it.support.ServerProcess;
import org.kvstore.it.support.Service;

/** Backups under load, restores that are killed, and stores that are larger than memory. */
class BackupLoadIT {
  private static final int ACCOUNTS = 20;
  private static final long OPENING_BALANCE = 1_000;
  private static final int CLIENTS = 8;
  private static final int BACKUPS = 4;

  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final AtomicBoolean done = new AtomicBoolean();

  @AfterEach
  void stop() {
    done.set(true);
    threads.shutdownNow();
  }

  /** Whoever moves money, every backup has all of it, and everything acknowledged before it. */
  @Test
  void backup_underFullWriteLoad_isOfOneMoment() throws IOException {
    Random seeds = Seed.random("BackupLoadIT");
    Path files = Files.createDirectories(ServerProcess.directory("archives"));
    try (ServerProcess server = ServerProcess.ready(ServerProcess.directory("transfers"));
        ServerProcess other = ServerProcess.ready(ServerProcess.directory("restored"));
        KeyValueClient client = server.service().client();
        KeyValueClient restored = other.service().client()) {
      for (int i = 0; i < ACCOUNTS; i++) {
        client.put("account/" + i, Long.toString(OPENING_BALANCE));
      }
      List<CompletableFuture<Void>> transfers =
          Stream.generate(seeds::nextLong)
              .limit(CLIENTS)
              .map(seed -> CompletableFuture.runAsync(() -> transfer(client, seed), threads))
              .toList();
      for (int i = 0; i < BACKUPS; i++) {
        client.put("mark", Integer.toString(i));
        Path archive = files.resolve(i + ".tar");
        try (OutputStream out = Files.newOutputStream(archive)) {
          client.backup(out);
        }
      }
      done.set(true);
      transfers.forEach(CompletableFuture::join);
      for (int i = 0; i < BACKUPS; i++) {
        restored.restore(files.resolve(i + ".tar"));
        assertThat(total(restored)).as("backup %d", i).isEqualTo(ACCOUNTS * OPENING_BALANCE);
        assertThat(restored.get("mark").orElseThrow().text()).isEqualTo(Integer.toString(i));
      }
    }
  }

  private void transfer(KeyValueClient client, long seed) {
    Random random = new Random(seed);
    while (!done.get()) {
      int from = random.nextInt(ACCOUNTS);
      String payer = "account/" + from;
      String payee = "account/" + (from + 1 + random.nextInt(ACCOUNTS - 1)) % ACCOUNTS;
      String has = client.get(payer).orElseThrow().text();
      String gets = client.get(payee).orElseThrow().text();
      long amount = 1L + random.nextInt(100);
      client
          .transaction()
          .ifValue(payer, Relation.EQUAL, Value.of(has))
          .ifValue(payee, Relation.EQUAL, Value.of(gets))
          .then(
              t ->
                  t.put(payer, Long.toString(Long.parseLong(has) - amount))
                      .put(payee, Long.toString(Long.parseLong(gets) + amount)))
          .commit();
    }
  }

  private static long total(KeyValueClient client) {
    try (Stream<Entry> accounts = client.entries("account/")) {
      return accounts.mapToLong(account -> Long.parseLong(account.text())).sum();
    }
  }

  /** When a restore is cut off; each is to be seen in the files. */
  private enum Moment {
    ARRIVING,
    DECIDED,
    ANSWERED
  }

  /**
   * All old or all new, whenever the process dies: new for certain once it was decided, and what is
   * new is never older again. More rounds: {@code -Dcycles=50}.
   */
  @EnabledIfSystemProperty(named = "long", matches = "true")
  @Test
  void kill_duringARestore_leavesOldOrNew() throws Exception {
    Random random = Seed.random("BackupLoadIT.kill");
    Path data = ServerProcess.directory("restore-kill");
    ServerProcess server = ServerProcess.ready(data);
    try {
      put(server.service(), "archived", 20);
      byte[] archive = server.service().get("/v1/admin/backup").send().expect(200).body();
      long newest = 0;
      for (int cycle = 0;
          cycle < Integer.getInteger("cycles", Boolean.getBoolean("long") ? 3 : 1);
          cycle++) {
        String now = "cycle-" + cycle;
        put(server.service(), now, 10);
        newest = requireRising(server.service(), newest);
        CompletableFuture<Answer> restoring = restore(server.service(), archive);
        Moment moment = Moment.values()[cycle % Moment.values().length];
        boolean decided = await(moment, data, restoring);
        LockSupport.parkNanos(random.nextInt(30_000_000));
        server.kill();
        server = ServerProcess.ready(data);
        String found = server.service().get(target("key/0")).send().expect(200).text();
        System.out.printf("BackupLoadIT: killed when %s, found %s%n", moment, found);
        assertThat(found).isIn("archived", decided ? "archived" : now);
        requireAll(server.service(), found, found.equals(now) ? 10 : 20);
        newest = requireRising(server.service(), newest);
      }
    } finally {
      server.close();
    }
  }

  /** Waits for a moment; whether the restore is known to be decided by then. */
  private static boolean await(Moment moment, Path data, CompletableFuture<Answer> restoring)
      throws IOException {
    while (!restoring.isDone()) {
      boolean decided = Files.exists(data.resolve("RESTORE"));
      boolean reached = moment == Moment.ARRIVING ? isArriving(data.resolve("tmp")) : decided;
      if (moment != Moment.ANSWERED && reached) {
        return decided;
      }
      Thread.onSpinWait();
    }
    restoring.join();
    return true;
  }

  private static boolean isArriving(Path temporary) throws IOException {
    try (Stream<Path> staged = Files.list(temporary)) {
      return staged.findAny().isPresent();
    } catch (NoSuchFileException nothingYet) {
      return false;
    }
  }

  private CompletableFuture<Answer> restore(Service service, byte[] archive) {
    RawRequest request =
        service.post("/v1/admin/restore").header("Content-Type", "application/x-tar").body(archive);
    return CompletableFuture.supplyAsync(() -> request.send().expect(200), threads);
  }

  private static void put(Service service, String value, int keys) {
    service.delete("/v1/kv?all=true").send().expect(200);
    for (int i = 0; i < keys; i++) {
      service.put(target("key/" + i)).body(value).send().expect(201);
    }
  }

  private static void requireAll(Service service, String value, int keys) {
    for (int i = 0; i < keys; i++) {
      assertThat(service.get(target("key/" + i)).send().expect(200).text()).isEqualTo(value);
    }
    assertThat(service.get("/v1/kv?countOnly=true&prefix=key/").send().json().getInt("count"))
        .isEqualTo(keys);
  }

  private static long requireRising(Service service, long newest) {
    long revision = service.put(target("revision")).body("").send().revision();
    assertThat(revision).isGreaterThan(newest);
    return revision;
  }

  @Test
  @EnabledIfSystemProperty(named = "long", matches = "true")
  void store_largerThanTheHeap_isBackedUpAndRestored() throws Exception {
    int values = 200;
    Map<String, String> small =
        Map.of(
            "KV_JAVA_OPTIONS", "-Xmx96m",
            "KV_ENTRY_CACHE_SIZE", "1MiB",
            "KV_CACHE_SIZE", "32MiB");
    Path archive = ServerProcess.directory("large-archive");
    try (ServerProcess server = ServerProcess.ready(ServerProcess.directory("large"), small)) {
      Random random = new Random(1);
      byte[] value = new byte[1 << 20];
      for (int i = 0; i < values; i++) {
        random.nextBytes(value);
        server.service().put(target("large/" + i)).body(value).send().expect(201);
      }
      download(server.service(), archive);
      assertThat(Files.size(archive)).isGreaterThan((long) values << 20);
      server.service().delete("/v1/kv?all=true").send().expect(200);
      try (KeyValueClient client = server.service().client()) {
        client.restore(archive);
      }
      assertThat(server.service().get(target("large/" + (values - 1))).send().body())
          .isEqualTo(value);
    }
  }

  private static void download(Service service, Path file) throws Exception {
    HttpResponse<InputStream> answer =
        HttpClient.newHttpClient()
            .send(
                HttpRequest.newBuilder(service.uri().resolve("/v1/admin/backup")).build(),
                HttpResponse.BodyHandlers.ofInputStream());
    try (InputStream body = answer.body()) {
      Files.copy(body, file);
    }
  }
}
