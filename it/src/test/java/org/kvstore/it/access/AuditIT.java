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
            "audit", Map.of("KV_AUDIT_LOG", folder.resolve("audit.log").toString()))) {
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
      server.asOperator(service.get("/v1/admin/backup")).expect(200);
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
            "ann txn a/3 DONE")
        .contains(
            "ann put a/4 DONE",
            "ann grantLease  DONE",
            "ann renewLease 1 DONE",
            "(operator) compact 1 DONE",
            "(operator) backup  DONE");
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

  @Test
  void withoutAuthentication_itSaysWhatWasDone_andNamesProblemsAsTheyAreNamed() throws IOException {
    try (ServerProcess server =
        ServerProcess.ready(
            ServerProcess.directory("audit-open"),
            Map.of("KV_AUDIT_LOG", folder.resolve("open.log").toString()))) {
      Answer refused =
          server.service().put("/v1/kv/a").header("If-Match", "\"7\"").body("v").send().expect(412);

      List<String> lines = Files.readAllLines(folder.resolve("open.log.0"));
      assertThat(lines).hasSize(1);
      assertThat(said(lines.get(0))).isEqualTo(" put a PRECONDITION_FAILED");
      assertThat(Answer.json(lines.get(0)).getString("requestId"))
          .isEqualTo(refused.json().getString("requestId"));
    }
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
