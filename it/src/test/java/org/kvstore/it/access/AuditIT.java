package org.kvstore.it.access;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kvstore.it.access.SecuredServer.as;
import static org.kvstore.it.access.SecuredServer.json;

import jakarta.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.RawRequest;
import org.kvstore.it.support.ServerProcess;
import org.kvstore.it.support.Service;

/** The audit log has a line for each write, refusal and act of administration, and no secret. */
@Timeout(240)
class AuditIT {
  @TempDir Path folder;

  @Test
  void eachThingDone_hasItsLine_withoutValuesAndSecrets() throws IOException {
    String token;
    try (SecuredServer server =
        SecuredServer.ready(
            "audit",
            Map.of(
                "KV_AUDIT_LOG",
                folder.resolve("audit.log").toString(),
                "KV_BACKUP_DIR",
                ServerProcess.directory("audit-copies").toString()))) {
      Service service = server.service();
      token = server.token("ann").getString("token");
      server.grant("subject", "ann", "a/", "write");
      as(token, service.put("/v1/kv/a/1").header("X-Request-Id", "req-1").body("secret-value"))
          .send()
          .expect(201);
      as(token, service.put("/v1/kv/a/1").header("If-None-Match", "*").body("secret-value"))
          .send()
          .expect(412);
      as(token, service.delete("/v1/kv/a/2")).send().expect(404);
      as(token, service.get("/v1/kv/b/1")).send().expect(403);
      as(token, service.delete("/v1/kv?prefix=a/")).send().expect(200);
      as(token, json(service.post("/v1/txn"), txn("a/3", "secret-value"))).send().expect(200);
      as(
              token,
              service
                  .post("/v1/batch")
                  .header("Content-Type", "application/x-ndjson")
                  .body(put("a/4", "secret-value") + "\n" + put("b/4", "secret-value") + "\n"))
          .send()
          .expect(200);
      String lease =
          as(token, json(service.post("/v1/leases"), "{\"ttl\":\"1m\"}"))
              .send()
              .expect(201)
              .json()
              .getString("id");
      as(token, service.put("/v1/leases/" + lease)).send().expect(200);
      as("wrong-secret", service.get("/v1/kv/a/1")).send().expect(401);
      server.asOperator(service.post("/v1/admin/compact?revision=1")).expect(200);
      byte[] archive = server.asOperator(service.get("/v1/admin/backup")).expect(200).body();
      administer(server, archive);
    }

    List<String> lines = Files.readAllLines(folder.resolve("audit.log.0"));
    List<String> refused = Files.readAllLines(folder.resolve("audit.log.refused.0"));
    assertThat(String.join("\n", lines) + String.join("\n", refused))
        .doesNotContain("secret-value", "wrong-secret", SecuredServer.OPERATOR, token);
    assertThat(lines.stream().map(AuditIT::said))
        .containsSubsequence(
            "(operator) giveGrant subject ann: write a/* DONE",
            "ann put a/1 DONE",
            "ann put a/1 PRECONDITION_FAILED",
            "ann delete a/2 NOT_FOUND",
            "ann deleteRange a/* DONE",
            "ann txn [{\"op\":\"put\",\"key\":\"a/3\"}] DONE")
        .contains(
            "ann put a/4 DONE",
            "ann grantLease  DONE",
            "ann renewLease 1 DONE",
            "(operator) compact 1 DONE",
            "(operator) backup  DONE",
            "(operator) takeGrant subject made: read m/* DONE",
            "(operator) checkpoint  DONE",
            "(operator) addNode n4=host4:9084 NOT_FOUND",
            "(operator) removeNode n4 NOT_FOUND",
            "(operator) drainNode n4 NOT_FOUND",
            "(operator) undrainNode n4 NOT_FOUND",
            "(operator) rebalance  NOT_FOUND",
            "(operator) restore  DONE",
            "(operator) restore  REQUEST_INVALID")
        .anyMatch(line -> line.matches("\\(operator\\) createToken \\w+ made DONE"))
        .anyMatch(line -> line.matches("\\(operator\\) rotateToken \\w+ DONE"))
        .anyMatch(line -> line.matches("\\(operator\\) revokeToken \\w+ DONE"));
    assertThat(refused.stream().map(AuditIT::said))
        .containsExactly(
            "ann read b/1 FORBIDDEN", "ann write b/4 FORBIDDEN", " authenticate  UNAUTHENTICATED");
    JsonObject first =
        lines.stream()
            .map(Answer::json)
            .filter(line -> line.getString("action").equals("put"))
            .findFirst()
            .orElseThrow();
    assertThat(first.getString("requestId")).isEqualTo("req-1");
    assertThat(first.getString("address")).isEqualTo("127.0.0.1");
    assertThat(first.getString("time")).startsWith("20").endsWith("Z");
  }

  private static void administer(SecuredServer server, byte[] archive) {
    Service service = server.service();
    String made = server.token("made").getString("id");
    server.asOperator(service.post("/v1/admin/tokens/" + made + "/rotate")).expect(200);
    server.asOperator(service.delete("/v1/admin/tokens/" + made)).expect(204);
    server.takeBack(server.grant("subject", "made", "m/", "read"));
    server.asOperator(service.post("/v1/admin/checkpoint")).expect(200);
    changeNodes(server);
    server.asOperator(restore(service).body("no archive")).expect(400);
    server.asOperator(restore(service).body(archive)).expect(200);
  }

  /** Of which a single server has none. */
  private static void changeNodes(SecuredServer server) {
    Service service = server.service();
    String nodes = "/v1/admin/cluster/nodes";
    String node = "{\"id\":\"n4\",\"raftAddress\":\"host4:9084\"}";
    server.asOperator(json(service.post(nodes), node)).expect(404);
    server.asOperator(service.delete(nodes + "/n4")).expect(404);
    server.asOperator(service.put(nodes + "/n4/drain")).expect(404);
    server.asOperator(service.delete(nodes + "/n4/drain")).expect(404);
    server.asOperator(service.post("/v1/admin/cluster/rebalance")).expect(404);
  }

  private static RawRequest restore(Service service) {
    return service.post("/v1/admin/restore").header("Content-Type", "application/x-tar");
  }

  @Test
  void whatCallersAreRefusedForWhatTheyDo_isOnRecord_andNotLetThroughAsMissing()
      throws IOException {
    try (SecuredServer server =
        SecuredServer.ready(
            "audit-refused",
            Map.of(
                "KV_AUDIT_LOG",
                folder.resolve("refusals.log").toString(),
                "KV_LIMITS_CALLER_REQUESTS",
                "2"))) {
      Service service = server.service();
      String ann = server.token("ann").getString("token");
      String ben = server.token("ben").getString("token");
      server.grant("subject", "ann", "a/", "admin");
      server.grant("subject", "ben", "b/", "write");
      String other = server.grant("subject", "ben", "other/", "read");
      String lease =
          as(ben, json(service.post("/v1/leases"), "{\"ttl\":\"1m\"}"))
              .send()
              .expect(201)
              .json()
              .getString("id");

      as(ann, service.put("/v1/leases/" + lease)).send().expect(404);
      as(ann, service.delete("/v1/admin/grants/" + other)).send().expect(404);
      for (int i = 0; i < 10; i++) {
        as(ben, service.get("/v1/kv/b/limited")).send();
      }

      assertThat(
              Files.readAllLines(folder.resolve("refusals.log.refused.0")).stream()
                  .map(AuditIT::said))
          .contains(
              "ann renewLease " + lease + " FORBIDDEN",
              "ann takeGrant subject ben: read other/* FORBIDDEN",
              "ben request /v1/kv/b/limited TOO_MANY_REQUESTS");
    }
  }

  @Test
  void logThatCannotBeWritten_atTheStart_keepsTheServerFromGettingReady() {
    Path missing = folder.resolve("missing").resolve("audit.log");
    try (ServerProcess server =
        ServerProcess.answering(
            ServerProcess.directory("audit-unwritable"),
            Map.of("KV_AUDIT_LOG", missing.toString()))) {
      assertThat(server.service().get("/health/ready").send().expect(503).text())
          .contains("kv.audit-log is '" + missing + "'");
    }
  }

  /** The file is a link to what is always full, for the time being. */
  @Test
  void logThatCannotBeWritten_later_isSeen_andTheServiceGoesOn() throws IOException {
    Path newest = Files.createSymbolicLink(folder.resolve("later.log.0"), Path.of("/dev/full"));
    try (ServerProcess server =
        ServerProcess.ready(
            ServerProcess.directory("audit-later"),
            Map.of("KV_AUDIT_LOG", folder.resolve("later.log").toString()))) {
      Service service = server.service();
      service.put("/v1/kv/a").body("lost").send().expect(201);

      assertThat(service.metric("kvstore_audit_failing")).isEqualTo(1);
      assertThat(service.metric("kvstore_audit_lines_lost_total")).isEqualTo(1);
      assertThat(service.get("/health/ready").send().expect(200).text())
          .containsPattern("\"auditFailing\" ?: ?true");
      assertThat(server.log()).contains("The audit log cannot be written");

      Files.delete(newest);
      service.put("/v1/kv/a").body("kept").send().expect(204);

      assertThat(service.metric("kvstore_audit_failing")).isZero();
      assertThat(Files.readAllLines(newest)).hasSize(1);
    }
  }

  @Test
  void withoutAuthentication_itSaysWhatWasDoneAndRefused_andNamesProblemsAsTheyAreNamed()
      throws IOException {
    try (ServerProcess server =
        ServerProcess.ready(
            ServerProcess.directory("audit-open"),
            Map.of("KV_AUDIT_LOG", folder.resolve("open.log").toString()))) {
      RawRequest put = server.service().put("/v1/kv/a");
      Answer unmet = put.header("If-Match", "\"7\"").body("v").send().expect(412);
      Answer foreign =
          server
              .service()
              .put("/v1/kv/a")
              .header("Origin", "https://evil.example")
              .body("v")
              .send()
              .expect(403);

      requireOnly("open.log.0", " put a PRECONDITION_FAILED", unmet);
      requireOnly("open.log.refused.0", " request /v1/kv/a FORBIDDEN", foreign);
    }
  }

  /** A file has one line, which names a problem as its answer did. */
  private void requireOnly(String file, String said, Answer problem) throws IOException {
    List<String> lines = Files.readAllLines(folder.resolve(file));
    assertThat(lines.stream().map(AuditIT::said)).containsExactly(said);
    assertThat(Answer.json(lines.get(0)).getString("requestId"))
        .isEqualTo(problem.json().getString("requestId"));
  }

  private static String said(String line) {
    JsonObject json = Answer.json(line);
    return json.getString("caller")
        + ' '
        + json.getString("action")
        + ' '
        + json.getString("target")
        + ' '
        + json.getString("outcome");
  }

  private static String put(String key, String value) {
    return "{\"op\":\"put\",\"key\":\"" + key + "\",\"value\":\"" + value + "\"}";
  }

  private static String txn(String key, String value) {
    return "{\"then\":[" + put(key, value) + "]}";
  }
}
