package org.kvstore.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.kvstore.it.support.Service.target;

import jakarta.json.JsonObject;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.kvstore.api.ErrorCode;
import org.kvstore.client.InvalidRequestException;
import org.kvstore.client.KeyValueClient;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.Cli;
import org.kvstore.it.support.EventStream;
import org.kvstore.it.support.Seed;
import org.kvstore.it.support.ServerProcess;
import org.kvstore.it.support.Service;

/** A backup holds everything; a restore brings it back, or changes nothing. */
class BackupIT {
  private static final String TAR = "application/x-tar";
  private static final String BACKUP = "/v1/admin/backup";

  private static final Path DATA = ServerProcess.directory("backup");
  private static final Path OTHER_DATA = ServerProcess.directory("backup-other");
  private static final Path COPIES = DATA.resolveSibling("copies");
  private static ServerProcess server;
  private static ServerProcess other;

  private Service service;
  private Service empty;

  @BeforeAll
  static void start() throws IOException {
    Files.createDirectories(COPIES);
    server = ServerProcess.ready(DATA, Map.of("KV_BACKUP_DIR", COPIES.toString()));
    other = ServerProcess.ready(OTHER_DATA);
  }

  @AfterAll
  static void stop() {
    server.close();
    other.close();
  }

  @BeforeEach
  void clear() {
    service = server.service();
    empty = other.service();
    service.delete("/v1/kv?all=true").send().expect(200);
  }

  @Test
  void restore_intoAnEmptyServer_bringsBackAllOfIt() {
    String lease = grant(service, "1h");
    byte[] bytes = {0, 1, (byte) 0xFF};
    put("plain", "1");
    put("plain", "2");
    service.put(target("typed")).header("Content-Type", "image/png").body(bytes).send().expect(201);
    service.put(target("mortal") + "?ttl=1h").body("x").send().expect(201);
    service.put(target("leased") + "?lease=" + lease).body("x").send().expect(201);
    Answer named = named(service, "1");
    String entries = list(service);

    Answer restored = restore(empty, backup()).expect(200);

    assertThat(list(empty)).isEqualTo(entries);
    assertThat(empty.get(target("typed")).send().body()).isEqualTo(bytes);
    JsonObject held = empty.get("/v1/leases/" + lease).send().expect(200).json();
    assertThat(held.getJsonArray("keys").toString()).isEqualTo("[\"leased\"]");
    assertThat(named(empty, "1").etag()).isEqualTo(named.etag());
    named(empty, "2").expect(ErrorCode.REQUEST_INVALID);
    assertThat(
            empty.get(target("plain") + "?revision=1").send().expect(410).json().getInt("status"))
        .isEqualTo(410);
    assertThat(empty.get("/v1/history/plain").send().json().getJsonArray("versions")).hasSize(1);
    assertThat(Long.parseLong(grant(empty, "1h"))).isGreaterThan(Long.parseLong(lease) + 1);
    empty.delete("/v1/leases/" + lease).send().expect(204);
    empty.get(target("leased")).send().expect(404);
    assertThat(empty.put(target("next")).body("").send().revision())
        .isGreaterThan(restored.json().getJsonNumber("revision").longValue());
  }

  @Test
  void restore_intoItsOwnServer_matchesNothingFromAfterTheBackup() {
    String key = target("tagged");
    put("tagged", "before");
    String before = service.get(key).send().etag();
    byte[] archive = backup();
    service.put(target("page/1")).body("x").send();
    service.put(target("page/2")).body("x").send();
    String after = service.put(key).body("after").send().etag();
    JsonObject page = service.get("/v1/kv?prefix=page/&limit=1").send().expect(200).json();
    String lease = grant(service, "1h");

    restore(service, archive).expect(200);

    assertThat(service.get(key).send().text()).isEqualTo("before");
    service.put(key).header("If-Match", after).body("x").send().expect(412);
    service
        .get("/v1/kv?prefix=page/&limit=1&cursor=" + page.getString("cursor"))
        .send()
        .expect(ErrorCode.COMPACTED);
    service.get("/v1/watch?from=" + page.getString("position")).send().expect(ErrorCode.COMPACTED);
    service.get("/v1/leases/" + lease).send().expect(404);
    Answer matched = service.put(key).header("If-Match", before).body("x").send().expect(204);
    assertThat(matched.revision()).isGreaterThan(revision(after) + (1L << 32));
  }

  @Test
  void watch_overARestore_endsAndBeginsAnew() {
    put("w/1", "before");
    byte[] archive = backup();
    try (EventStream watch = EventStream.open(service.get("/v1/watch?prefix=w/"))) {
      put("w/2", "after");
      String last = watch.nextChange().id();
      restore(service, archive).expect(200);
      assertThat(watch.nextChange().type()).isEqualTo("compacted");
      service
          .get("/v1/watch?prefix=w/")
          .header("Last-Event-ID", String.valueOf(last))
          .send()
          .expect(ErrorCode.COMPACTED);
    }
    String position = service.get("/v1/kv").send().json().getString("position");
    put("w/3", "new");
    try (EventStream watch = EventStream.open(service.get("/v1/watch?from=" + position))) {
      assertThat(watch.nextChange().key()).isEqualTo("w/3");
    }
  }

  @Test
  void restore_ofABadArchive_changesNothing() {
    put("a", "old");
    byte[] archive = backup();
    put("a", "new");
    Random random = Seed.random("BackupIT");
    for (int i = 0; i < 25; i++) {
      refused(Arrays.copyOf(archive, i < 5 ? i * 512 : random.nextInt(archive.length)));
      byte[] altered = archive.clone();
      altered[random.nextInt(altered.length)] ^= (byte) (1 << random.nextInt(8));
      refused(altered);
    }
    refused(Arrays.copyOf(archive, archive.length + 512));
    assertThat(service.get(target("a")).send().text()).isEqualTo("new");
    service.post("/v1/admin/restore").header("Content-Type", "text/plain").send().expect(415);
  }

  @Test
  void restore_ofAnArchiveInChunks_isTheSame() {
    put("a", "old");
    byte[] archive = backup();
    put("a", "new");
    service
        .post("/v1/admin/restore")
        .header("Content-Type", TAR)
        .chunked(archive, 10_000)
        .send()
        .expect(200);
    assertThat(service.get(target("a")).send().text()).isEqualTo("old");
  }

  @Test
  void backup_saysWhatItIs() {
    put("a", "x");
    Answer backup = service.get(BACKUP).send().expect(200);
    assertThat(backup.header("Content-Type")).isEqualTo(TAR);
    assertThat(backup.header("Content-Length")).isEqualTo("" + backup.body().length);
    assertThat(backup.header("Content-Disposition"))
        .matches("attachment; filename=\"kvstore-\\d{8}T\\d{6}Z-\\d+\\.tar\"");
    service.request("HEAD", BACKUP).send().expect(200);
    service.get(BACKUP).send().expect(200);
    await().until(() -> service.metric("kvstore_last_backup_timestamp_seconds") > 0);
    assertThat(service.metric("kvstore_last_backup_revision")).isPositive();
  }

  @Test
  void checkpoint_isADirectoryToStartOn() {
    put("a", "copied");
    String revision = service.get(target("a")).send().etag();
    JsonObject made = service.post("/v1/admin/checkpoint").send().expect(200).json();
    put("a", "later");
    assertThat(made.getJsonNumber("revision").longValue()).isEqualTo(revision(revision));
    try (ServerProcess started = ServerProcess.ready(Path.of(made.getString("path")))) {
      Service copy = started.service();
      assertThat(copy.get(target("a")).send().text()).isEqualTo("copied");
      assertThat(copy.put(target("b")).body("").send().revision())
          .isGreaterThan(revision(revision) + (1L << 32));
    }
    empty.post("/v1/admin/checkpoint").send().expect(ErrorCode.NOT_FOUND);
  }

  @Test
  void commandLine_backsUpVerifiesAndRestores() throws Exception {
    Cli kv = new Cli(service);
    Path file = COPIES.resolve("store.tar");
    Files.deleteIfExists(file);
    put("a", "old");
    assertThat(kv.run("backup", file.toString()).expect(0).err()).contains("revision ");
    kv.run("backup", file.toString()).expect(2);
    kv.run("backup", file.toString(), "--force").expect(0);
    assertThat(kv.run("verify-backup", file.toString()).expect(0).text()).contains("revision ");
    put("a", "new");
    kv.run("restore", file.toString()).expect(2);
    assertThat(service.get(target("a")).send().text()).isEqualTo("new");
    assertThat(kv.run("restore", file.toString(), "--yes").expect(0).err()).contains("go on at");
    assertThat(service.get(target("a")).send().text()).isEqualTo("old");

    byte[] altered = Files.readAllBytes(file);
    altered[altered.length / 2] ^= 1;
    Files.write(file, altered);
    kv.run("verify-backup", file.toString()).expect(1);
    put("a", "newer");
    assertThat(kv.run("restore", file.toString(), "--yes").expect(1).err()).contains("checksum");
    assertThat(service.get(target("a")).send().text()).isEqualTo("newer");
  }

  @Test
  void client_sendsAStream() throws IOException {
    put("a", "old");
    byte[] archive = backup();
    put("a", "new");
    try (KeyValueClient client = service.client()) {
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      assertThat(client.backup(out).revision()).isPositive();
      client.restore(new ByteArrayInputStream(archive));
      assertThat(client.get("a").orElseThrow().text()).isEqualTo("old");
      client.restore(new ByteArrayInputStream(out.toByteArray()));
      assertThat(client.get("a").orElseThrow().text()).isEqualTo("new");
      byte[] cut = Arrays.copyOf(archive, archive.length - 1);
      assertThatThrownBy(() -> client.restore(new ByteArrayInputStream(cut)))
          .isInstanceOf(InvalidRequestException.class);
    }
  }

  private void put(String key, String value) {
    assertThat(service.put(target(key)).body(value).send().status()).isIn(201, 204);
  }

  private byte[] backup() {
    return service.get(BACKUP).send().expect(200).body();
  }

  private static Answer restore(Service to, byte[] archive) {
    return to.post("/v1/admin/restore").header("Content-Type", TAR).body(archive).send();
  }

  private void refused(byte[] archive) {
    Answer answer = restore(service, archive).expect(ErrorCode.REQUEST_INVALID);
    assertThat(answer.json().getString("detail")).as("%s", answer).contains("archive");
  }

  private static String list(Service of) {
    return of.get("/v1/kv?limit=1000").send().expect(200).json().getJsonArray("entries").toString();
  }

  private static String grant(Service at, String time) {
    return at.post("/v1/leases")
        .header("Content-Type", "application/json")
        .body("{\"ttl\":\"" + time + "\"}")
        .send()
        .expect(201)
        .json()
        .getString("id");
  }

  private static Answer named(Service to, String value) {
    return to.put(target("named")).header("Idempotency-Key", "order-1").body(value).send();
  }

  private static long revision(String etag) {
    return Long.parseLong(etag.replace("\"", ""));
  }
}
