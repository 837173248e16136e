package org.kvstore.it.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.kvstore.api.ErrorCode.NOT_FOUND;
import static org.kvstore.api.ErrorCode.REQUEST_INVALID;
import static org.kvstore.api.ErrorCode.TOO_LARGE;
import static org.kvstore.api.ErrorCode.UNSUPPORTED_MEDIA_TYPE;
import static org.kvstore.it.support.Service.parameter;
import static org.kvstore.it.support.Service.target;

import jakarta.json.JsonObject;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.EventStream;
import org.kvstore.it.support.EventStream.ServerEvent;
import org.kvstore.it.support.RawRequest;

final class Leases extends Section {
  private static final String AT = "/v1/leases/";

  Leases(Servers servers, Exchanges exchanges) {
    super(servers, exchanges);
  }

  @Override
  String title() {
    return "7. Leases: /v1/leases";
  }

  @Override
  Stream<DynamicNode> sentences() {
    return Stream.of(
        sentence(
            "`POST {\"ttl\":\"30s\"}` 201 `{\"id\",\"ttl\",\"expiresAt\"}`",
            claim(
                "granted",
                key -> {
                  Instant before = Instant.now();
                  Answer granted = expect(201, request("{'ttl':'30s'}"));
                  JsonObject lease = granted.json();
                  assertThat(lease).containsOnlyKeys("id", "ttl", "expiresAt");
                  assertThat(Duration.parse(lease.getString("ttl")))
                      .isEqualTo(Duration.ofSeconds(30));
                  assertThat(expiry(lease)).isAfter(before.plusSeconds(29));
                  assertThat(granted.header("Location")).isEqualTo(AT + lease.getString("id"));
                })),
        sentence(
            "`POST {\"ttl\":\"30s\"}`: what is none is 400",
            each(
                List.of(
                    " | body",
                    "[] | body",
                    "{'ttl':'30s' | body",
                    "{'ttl':'30s'} {} | body",
                    "{} | ttl",
                    "{'ttl':null} | ttl",
                    "{'ttl':30} | ttl",
                    "{'ttl':'soon'} | ttl",
                    "{'ttl':['30s']} | ttl",
                    "{'ttl':'1s','ttl':'2s'} | ttl",
                    "{'ttl':'1s','id':'1'} | id"),
                (row, key) -> {
                  String[] parts = row.split(" \\| ", -1);
                  refuse(REQUEST_INVALID, parts[1], request(parts[0]));
                })),
        sentence(
            "`POST {\"ttl\":\"30s\"}`: JSON",
            claim(
                "another type",
                key -> refuse(UNSUPPORTED_MEDIA_TYPE, post("/v1/leases", FORM, "ttl=30s"))),
            claim(
                "4 KiB and one more byte",
                key -> {
                  String body = "{'ttl':'30s'}";
                  String longest = body + " ".repeat((4 << 10) - body.length());
                  expect(201, request(longest));
                  assertThat(refuse(TOO_LARGE, request(longest + " ")).getInt("limit"))
                      .isEqualTo(4 << 10);
                })),
        sentence(
            "`PUT /v1/leases/{id}` renews",
            claim(
                "for its whole time",
                key -> {
                  JsonObject lease = expect(201, request("{'ttl':'1h'}")).json();
                  String at = AT + lease.getString("id");
                  assertThat(expect(200, service.put(at)).json())
                      .containsOnlyKeys("id", "ttl", "expiresAt");
                  await()
                      .until(
                          () -> expiry(expect(200, service.put(at)).json()).isAfter(expiry(lease)));
                }),
            claim(
                "and its keys live on",
                key -> {
                  String id = grant("2s");
                  expect(201, service.put(target(key) + "?lease=" + id).body("x"));
                  Instant end = Instant.now().plusSeconds(3);
                  while (Instant.now().isBefore(end)) {
                    expect(200, service.put(AT + id));
                  }
                  expect(200, get(key));
                })),
        sentence(
            "`GET` shows it with its keys",
            claim(
                "in order",
                key -> {
                  String id = grant("1h");
                  for (String name : List.of("b", "a", "c")) {
                    expect(201, service.put(target(key + name) + "?lease=" + id).body("x"));
                  }
                  expect(204, delete(key + "c"));
                  JsonObject shown = expect(200, service.get(AT + id)).json();
                  assertThat(shown.getJsonArray("keys"))
                      .extracting(Object::toString)
                      .containsExactly('"' + key + "a\"", '"' + key + "b\"");
                }),
            claim("a key too many", this::hasALimitOfKeys)),
        sentence(
            "`DELETE` revokes (204)",
            claim("and no more", key -> expect(204, service.delete(AT + grant("1h"))))),
        sentence(
            "404 when gone.",
            claim("revoked", this::isGoneWhenItIsRevoked),
            claim("expired", this::isGoneWhenItHasExpired)),
        sentence(
            "Expiry or revocation deletes its keys in one revision.",
            each(List.of("expiry", "revocation"), this::deletesItsKeysAtOnce)),
        sentence(
            "TTL 1 s .. 24 h.",
            each(List.of("1s", "1000ms", "24h", "1d", "PT24H"), (ttl, key) -> grant(ttl))),
        sentence(
            "TTL 1 s .. 24 h: no less and no more",
            each(
                List.of("999ms", "PT0.999S", "PT0.9999999S", "24h1ms", "86400001ms", "0s", "-1s"),
                (ttl, key) -> refuse(REQUEST_INVALID, "ttl", request("{'ttl':'" + ttl + "'}")))),
        sentence(
            "An expired key or lease is gone within one second of its time, by an ordinary logged "
                + "delete.",
            claim("key", this::keyIsGoneInTime),
            claim("lease", this::leaseIsGoneInTime)),
        sentence(
            "`/v1/leases/{id}`: an id that was not given out is 400 or 404",
            each(
                List.of("0", "-1", "+1", "1.0", "01", "x", "1e3", "9".repeat(18), "9".repeat(19)),
                this::isNoLease)),
        sentence(
            "`/v1/leases/{id}`: no other lease for a changed id",
            claim(
                "each character",
                key -> {
                  String id = grant("1h");
                  for (int i = 0; i < id.length(); i++) {
                    for (String other : List.of("x", "%00", "%FF", ";", "%2F", "/")) {
                      String changed = id.substring(0, i) + other + id.substring(i + 1);
                      assertThat(send(service.delete(AT + changed)).status()).isIn(400, 404, 405);
                    }
                  }
                  expect(200, service.get(AT + id));
                })));
  }

  private RawRequest request(String body) {
    return post("/v1/leases", JSON, body.replace('\'', '"'));
  }

  private static Instant expiry(JsonObject lease) {
    return Instant.parse(lease.getString("expiresAt"));
  }

  private void hasALimitOfKeys(String key) {
    String lease =
        servers
            .small()
            .post("/v1/leases")
            .header("Content-Type", JSON)
            .body("{\"ttl\":\"1h\"}")
            .send()
            .json()
            .getString("id");
    String query = "?lease=" + lease;
    expect(201, servers.small().put(target(key + "a") + query).body("x"));
    expect(201, servers.small().put(target(key + "b") + query).body("x"));
    JsonObject problem =
        refuse(REQUEST_INVALID, servers.small().put(target(key + "c") + query).body("x"));
    assertThat(problem.getString("field")).isEqualTo("lease");
    assertThat(problem.getInt("limit")).isEqualTo(2);
  }

  private void isGoneWhenItIsRevoked(String key) {
    String id = grant("1h");
    expect(201, service.put(target(key) + "?lease=" + id).body("x"));
    expect(204, service.delete(AT + id));
    isGone(id, key);
  }

  private void isGone(String id, String key) {
    refuse(NOT_FOUND, get(key));
    refuse(NOT_FOUND, "lease", service.get(AT + id));
    refuse(NOT_FOUND, "lease", service.put(AT + id));
    refuse(NOT_FOUND, "lease", service.delete(AT + id));
    refuse(NOT_FOUND, "lease", service.put(target(key) + "?lease=" + id).body("x"));
  }

  private void deletesItsKeysAtOnce(String end, String key) {
    String id = grant("2s");
    try (EventStream watch = watch(service.get("/v1/watch?filter=delete&prefix=" + key))) {
      watch.next();
      for (int i = 0; i < 3; i++) {
        expect(201, service.put(target(key + i) + "?lease=" + id).body("x"));
      }
      if (end.equals("revocation")) {
        expect(204, service.delete(AT + id));
      }
      List<ServerEvent> deleted = watch.nextChanges(3);
      assertThat(deleted).extracting(ServerEvent::revision).containsOnly(deleted.get(0).revision());
      assertThat(deleted.get(2).id()).isNotNull();
    }
  }

  private void isGoneWhenItHasExpired(String key) {
    try (EventStream watch = watch(service.get("/v1/watch?filter=delete&key=" + key))) {
      String id = grant("2s");
      expect(201, service.put(target(key) + "?lease=" + id).body("x"));
      watch.nextChange();
      isGone(id, key);
    }
  }

  private void keyIsGoneInTime(String key) {
    try (EventStream watch = watch(service.get("/v1/watch?filter=delete&key=" + key))) {
      Answer put = expect(201, service.put(target(key) + "?ttl=700ms").body("x"));
      isLogged(key, watch.nextChange(), Instant.parse(put.header("KV-Expires-At")), "expired");
    }
  }

  private void leaseIsGoneInTime(String key) {
    try (EventStream watch = watch(service.get("/v1/watch?filter=delete&key=" + key))) {
      JsonObject lease = expect(201, request("{'ttl':'2s'}")).json();
      String query = "?lease=" + lease.getString("id");
      expect(201, service.put(target(key) + query).body("x"));
      isLogged(key, watch.nextChange(), expiry(lease), "lease");
    }
  }

  /** In time by the server's own clock, as this thread may have waited for its processor. */
  private void isLogged(String key, ServerEvent deleted, Instant deadline, String reason) {
    assertThat(Instant.parse(deleted.json().getString("time")))
        .isBetween(deadline, deadline.plusSeconds(1));
    assertThat(deleted.json().getString("reason")).isEqualTo(reason);
    refuse(NOT_FOUND, get(key));
    assertThat(expect(200, history(key)).json().getJsonArray("versions").getJsonObject(0))
        .isEqualTo(deleted.json());
  }

  private void isNoLease(String id, String key) {
    int status = id.equals("9".repeat(18)) ? 404 : 400;
    for (String method : List.of("GET", "PUT", "DELETE")) {
      assertThat(send(service.request(method, AT + parameter(id))).status()).isIn(status, 404);
    }
    String query = "?lease=" + parameter(id);
    assertThat(expect(status, service.put(target(key) + query).body("x")).json().getString("field"))
        .isEqualTo("lease");
    String put = json("{'op':'put','key':'%s','value':'x','lease':'%s'}", key, id);
    assertThat(statuses(batch(put))).containsExactly(status);
    expect(status, txn("{'then':[%s]}", put));
    refuse(NOT_FOUND, get(key));
  }
}
