package org.kvstore.it;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.kvstore.it.support.Service.target;

import jakarta.json.JsonArray;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.kvstore.api.ErrorCode;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.Cli;
import org.kvstore.it.support.EventStream;
import org.kvstore.it.support.ServerProcess;
import org.kvstore.it.support.Service;
import org.kvstore.it.support.Verification;

/**
 * A server with a key: its files and backups hold no value that anybody else could read, whatever
 * ends it, and it serves all of them.
 */
class EncryptionIT {
  private static final String MARKER = "marked-value-";
  private static final String KEY_FILE = "KV_ENCRYPTION_KEY_FILE";
  private static final String TAR = "application/x-tar";
  private static final Path KEYS = ServerProcess.directory("keys");

  @BeforeAll
  static void makeKeys() throws IOException {
    Files.createDirectories(KEYS);
    Files.writeString(KEYS.resolve("first"), "11".repeat(32) + "\n");
    Files.writeString(KEYS.resolve("second"), "22".repeat(32) + "\n");
    Files.writeString(KEYS.resolve("both"), "22".repeat(32) + "\n" + "11".repeat(32) + "\n");
  }

  @Test
  void values_areInNoFile_andAreServedAgainAfterAKill() throws IOException {
    Path data = ServerProcess.directory("encrypted");
    Path copies = Files.createDirectories(data.resolveSibling("copies"));
    Map<String, String> variables = with("first");
    variables.put("KV_BACKUP_DIR", copies.toString());
    String position;
    try (ServerProcess server = ServerProcess.ready(data, variables)) {
      Service service = server.service();
      service.put(target("a")).body(MARKER + 1).send().expect(201);
      position = service.get("/v1/kv").send().json().getString("position");
      service.put(target("a")).body(MARKER + 2).send().expect(204);
      named(service).expect(201);
      byte[] archive = backup(service);
      requireUnreadable(archive, "archive");
      service.post("/v1/admin/checkpoint").send().expect(200);
      server.kill();
    }
    requireUnreadable(data);
    requireUnreadable(copies);
    try (ServerProcess server = ServerProcess.ready(data, variables)) {
      Service service = server.service();
      assertThat(service.get(target("a")).send().text()).isEqualTo(MARKER + 2);
      assertThat(service.get(target("a") + "?revision=1").send().text()).isEqualTo(MARKER + 1);
      JsonArray history =
          service.get("/v1/history/a").send().expect(200).json().getJsonArray("versions");
      assertThat(history.toString()).contains(MARKER + 1, MARKER + 2);
      try (EventStream watch = EventStream.open(service.get("/v1/watch?from=" + position))) {
        assertThat(watch.nextChange().value()).isEqualTo(MARKER + 2);
        assertThat(watch.nextChange().key()).isEqualTo("named");
      }
      assertThat(named(service).expect(201).etag()).isEqualTo("\"3\"");
      service.post("/v1/admin/compact").send().expect(200);
    }
    requireUnreadable(data);
  }

  @EnabledIfSystemProperty(named = "long", matches = "true")
  @Test
  void anotherKey_orNone_isRefused_untilTheRightOneIsThere() throws Exception {
    Path data = ServerProcess.directory("locked");
    try (ServerProcess server = ServerProcess.ready(data, with("first"))) {
      server.service().put(target("a")).body(MARKER).send().expect(201);
      server.stop();
    }
    Map<String, Integer> before = contents(data);
    refuses(data, with("second"), "is encrypted with the key", "the only key is");
    refuses(data, Map.of(), "is encrypted with the key", "no key is set");
    refuses(data, Map.of("KV_ENCRYPTION_KEY", "short"), "kv.encryption.key is not a key");
    assertThat(contents(data)).isEqualTo(before);
    assertThat(Verification.of(with("second"), data.toString()).code()).isEqualTo(2);
    assertThat(Verification.of(with("first"), data.toString()).code()).isZero();

    try (ServerProcess server = ServerProcess.ready(data, with("both"))) {
      assertThat(server.service().get(target("a")).send().text()).isEqualTo(MARKER);
      server.stop();
    }
    try (ServerProcess server = ServerProcess.ready(data, with("second"))) {
      assertThat(server.service().get(target("a")).send().text()).isEqualTo(MARKER);
      assertThat(server.log()).doesNotContain("22".repeat(32));
    }
  }

  @Test
  void restore_fromTheCommandLine_takesTheRightKey_andAWholeArchive() throws Exception {
    Path data = ServerProcess.directory("restored");
    Path file = data.resolveSibling("store.tar");
    try (ServerProcess server = ServerProcess.ready(data, with("first"));
        ServerProcess other =
            ServerProcess.ready(ServerProcess.directory("other"), with("second"))) {
      Cli kv = new Cli(server.service());
      server.service().put(target("a")).body(MARKER + "old").send().expect(201);
      kv.run("backup", file.toString()).expect(0);
      requireUnreadable(Files.readAllBytes(file), "archive");
      kv.run("verify-backup", file.toString()).expect(0);
      server.service().put(target("a")).body("new").send().expect(204);
      other.service().put(target("a")).body("kept").send().expect(201);

      Cli.Run refused = new Cli(other.service()).run("restore", file.toString(), "--yes");

      assertThat(refused.expect(2).err()).contains("is encrypted with the key", "the only key is");
      assertThat(other.service().get(target("a")).send().text()).isEqualTo("kept");
      byte[] archive = Files.readAllBytes(file);
      for (int i = 1; i <= 5; i++) {
        byte[] altered = archive.clone();
        altered[archive.length / 6 * i] ^= 1;
        restore(server.service(), altered).expect(ErrorCode.REQUEST_INVALID);
        restore(server.service(), Arrays.copyOf(archive, archive.length / 6 * i))
            .expect(ErrorCode.REQUEST_INVALID);
      }
      assertThat(server.service().get(target("a")).send().text()).isEqualTo("new");
      kv.run("restore", file.toString(), "--yes").expect(0);
      assertThat(server.service().get(target("a")).send().text()).isEqualTo(MARKER + "old");
    }
  }

  @EnabledIfSystemProperty(named = "long", matches = "true")
  @Test
  void archiveInClear_restoredIntoAServerWithAKey_isEncrypted() throws IOException {
    Path data = ServerProcess.directory("turned-on");
    byte[] archive;
    try (ServerProcess clear = ServerProcess.ready(ServerProcess.directory("clear"))) {
      clear.service().put(target("a")).body(MARKER).send().expect(201);
      named(clear.service()).expect(201);
      archive = backup(clear.service());
    }
    try (ServerProcess server = ServerProcess.ready(data, with("first"))) {
      Answer refused = restore(server.service(), archive).expect(ErrorCode.REQUEST_INVALID);
      assertThat(refused.text()).contains("unencrypted=true");
      restore(server.service(), "?unencrypted=true", archive).expect(200);
      assertThat(server.service().get(target("a")).send().text()).isEqualTo(MARKER);
      assertThat(named(server.service()).expect(201).etag()).isEqualTo("\"2\"");
      server.kill();
    }
    requireUnreadable(data);
  }

  private static void refuses(Path data, Map<String, String> variables, String... reasons) {
    try (ServerProcess server = ServerProcess.answering(data, variables)) {
      assertThat(server.service().get("/health/ready").send().expect(503).text()).contains(reasons);
      assertThat(server.log()).contains("The service is not ready").contains(reasons);
      server.service().get(target("a")).send().expect(ErrorCode.UNAVAILABLE);
    }
  }

  private static Map<String, String> with(String keys) {
    return new TreeMap<>(Map.of(KEY_FILE, KEYS.resolve(keys).toString()));
  }

  private static Answer named(Service service) {
    return service
        .put(target("named"))
        .header("Idempotency-Key", "order-1")
        .body(MARKER + "named")
        .send();
  }

  private static byte[] backup(Service service) {
    return service.get("/v1/admin/backup").send().expect(200).body();
  }

  private static Answer restore(Service to, byte[] archive) {
    return restore(to, "", archive);
  }

  private static Answer restore(Service to, String query, byte[] archive) {
    return to.post("/v1/admin/restore" + query).header("Content-Type", TAR).body(archive).send();
  }

  private static void requireUnreadable(Path root) throws IOException {
    try (Stream<Path> files = Files.walk(root)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        requireUnreadable(Files.readAllBytes(file), file.toString());
      }
    }
  }

  private static void requireUnreadable(byte[] bytes, String what) {
    assertThat(new String(bytes, ISO_8859_1).contains(MARKER)).as(what).isFalse();
  }

  private static Map<String, Integer> contents(Path data) throws IOException {
    Map<String, Integer> contents = new TreeMap<>();
    try (Stream<Path> files = Files.walk(data)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        contents.put(file.toString(), Arrays.hashCode(Files.readAllBytes(file)));
      }
    }
    return contents;
  }
}
