package org.kvstore.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.kvstore.it.support.Service.target;

import jakarta.json.JsonObject;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kvstore.api.ErrorCode;
import org.kvstore.api.MediaTypes;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.Deployed;
import org.kvstore.it.support.RawRequest;
import org.kvstore.it.support.ServerProcess;
import org.kvstore.it.support.Service;

/** Leases over HTTP: keys live as long as their lease, over restarts too. */
class LeaseIT extends Deployed {
  private final String key = prefix() + "key";

  @Test
  void lease_isGrantedShownRenewedAndRevoked() {
    Answer granted = grant(service, "30s").expect(201);
    String at = granted.header("Location");
    String id = granted.json().getString("id");
    assertThat(at).isEqualTo("/v1/leases/" + id);
    assertThat(granted.json().getString("ttl")).isEqualTo("PT30S");
    service.put(target(key) + "?lease=" + id).body("x").send().expect(201);
    assertThat(service.get(target(key)).send().header("KV-Lease")).isEqualTo(id);
    JsonObject shown = service.get(at).send().expect(200).json();
    assertThat(shown.getJsonArray("keys").getString(0)).isEqualTo(key);
    JsonObject renewed = service.put(at).send().expect(200).json();
    assertThat(Instant.parse(renewed.getString("expiresAt")))
        .isAfterOrEqualTo(Instant.parse(granted.json().getString("expiresAt")));
    service.delete(at).send().expect(204);
    service.get(target(key)).send().expect(ErrorCode.NOT_FOUND);
    service.get(at).send().expect(ErrorCode.NOT_FOUND);
    service.put(at).send().expect(ErrorCode.NOT_FOUND);
    service.delete(at).send().expect(ErrorCode.NOT_FOUND);
  }

  @Test
  void writes_sayTheLeaseThatTheEntryHangsOn() {
    String id = grant(service, "30s").expect(201).json().getString("id");
    RawRequest named =
        service.put(target(key) + "?lease=" + id).header("Idempotency-Key", key).body("1");
    Answer created = named.send().expect(201);
    assertThat(created.header("KV-Lease")).isEqualTo(id);
    assertThat(named.send().expect(201).header("KV-Lease")).isEqualTo(id);
    Answer kept = service.put(target(key) + "?keepTtl").body("1").send().expect(204);
    assertThat(kept.header("KV-Lease")).isEqualTo(id);
    Answer patched =
        service
            .request("PATCH", target(key))
            .header("Content-Type", MediaTypes.INCREMENT)
            .body("{\"by\":1}")
            .send()
            .expect(200);
    assertThat(patched.header("KV-Lease")).isEqualTo(id);
    Answer replaced = service.put(target(key)).body("1").send().expect(204);
    assertThat(replaced.findHeader("KV-Lease")).isEmpty();
  }

  @Test
  void expiry_takesTheKeysWithinASecond() {
    String id = grant(service, "1s").expect(201).json().getString("id");
    service.put(target(key) + "?lease=" + id).body("x").send().expect(201);
    await()
        .atMost(Duration.ofSeconds(4))
        .until(() -> service.get(target(key)).send().status() == 404);
    service.put(target(key) + "?lease=" + id).body("x").send().expect(ErrorCode.NOT_FOUND);
  }

  @Test
  void plainReplace_leavesTheLease() {
    String id = grant(service, "30s").expect(201).json().getString("id");
    service.put(target(key) + "?lease=" + id).body("x").send().expect(201);
    service.put(target(key)).body("y").send().expect(204);
    assertThat(service.get(target(key)).send().findHeader("KV-Lease")).isEmpty();
    service.delete("/v1/leases/" + id).send().expect(204);
    service.get(target(key)).send().expect(200);
  }

  @EnabledIfSystemProperty(named = "long", matches = "true")
  @Test
  void killAndRestart_leaseKeepsItsDeadline() {
    java.nio.file.Path data = ServerProcess.directory("lease");
    String id;
    String expiresAt;
    try (ServerProcess server = ServerProcess.ready(data)) {
      JsonObject lease = grant(server.service(), "1h").expect(201).json();
      id = lease.getString("id");
      expiresAt = lease.getString("expiresAt");
      server.service().put(target(key) + "?lease=" + id).body("x").send().expect(201);
      grant(server.service(), "1s").expect(201);
      server.kill();
    }
    try (ServerProcess server = ServerProcess.ready(data)) {
      Service service = server.service();
      JsonObject lease = service.get("/v1/leases/" + id).send().expect(200).json();
      assertThat(lease.getString("expiresAt")).isEqualTo(expiresAt);
      assertThat(lease.getJsonArray("keys").getString(0)).isEqualTo(key);
      await().until(() -> service.get("/v1/leases/2").send().status() == 404);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"999ms", "24h1ms", "PT24H0.001S", "0s", "-1s", "soon"})
  void timeBeyondTheLimits_isRefused(String ttl) {
    JsonObject problem = grant(service, ttl).expect(ErrorCode.REQUEST_INVALID).json();
    assertThat(problem.getString("field")).isEqualTo("ttl");
  }

  @ParameterizedTest
  @ValueSource(strings = {"1s", "24h"})
  void timeAtTheLimits_isGranted(String ttl) {
    String id = grant(service, ttl).expect(201).json().getString("id");
    service.delete("/v1/leases/" + id).send();
  }

  @ParameterizedTest
  @ValueSource(strings = {"x", "0", "-1", "1.5", "99999999999999999999"})
  void oddId_isRefused(String id) {
    service.get("/v1/leases/" + id).send().expect(ErrorCode.REQUEST_INVALID);
    service.put(target(key) + "?lease=" + id).body("").send().expect(ErrorCode.REQUEST_INVALID);
  }

  private static Answer grant(Service service, String ttl) {
    return service
        .post("/v1/leases")
        .header("Content-Type", "application/json")
        .body("{\"ttl\":\"%s\"}".formatted(ttl))
        .send();
  }
}
