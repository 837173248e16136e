package org.kvstore.it.access;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.kvstore.it.access.SecuredServer.as;
import static org.kvstore.it.access.SecuredServer.json;

import jakarta.json.JsonObject;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.kvstore.api.ErrorCode;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.EventStream;
import org.kvstore.it.support.RawConnection;
import org.kvstore.it.support.RawRequest;
import org.kvstore.it.support.Service;

/** Tokens and grants over their life: what is given is in force, what is taken away ends. */
@Timeout(240)
class GrantsIT {
  private static SecuredServer server;
  private static Service service;

  @BeforeAll
  static void start() {
    server = SecuredServer.ready("grants");
    service = server.service();
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @Test
  void grant_isInForceWhenItIsAnswered_andGoneWhenItIsTakenBack() {
    String token = server.token("ann").getString("token");
    as(token, service.put("/v1/kv/force/a").body("v")).send().expect(ErrorCode.FORBIDDEN);

    String grant = server.grant("subject", "ann", "force/", "write");
    as(token, service.put("/v1/kv/force/a").body("v")).send().expect(201);

    server.takeBack(grant);
    as(token, service.get("/v1/kv/force/a")).send().expect(ErrorCode.FORBIDDEN);
  }

  @Test
  void grant_ofTheSameHolderAndPrefix_isReplaced() {
    String token = server.token("bob").getString("token");
    String grant = server.grant("subject", "bob", "same/", "write");

    Answer again = server.give(SecuredServer.OPERATOR, "subject", "bob", "same/", "read");

    assertThat(again.expect(200).json().getString("id")).isEqualTo(grant);
    as(token, service.put("/v1/kv/same/a").body("v")).send().expect(ErrorCode.FORBIDDEN);
    as(token, service.get("/v1/kv/same/a")).send().expect(ErrorCode.NOT_FOUND);
  }

  /** Several times, as it depends on when the grants were looked at last. */
  @RepeatedTest(5)
  void watch_whoseGrantIsTakenBack_endsWithinASecond() {
    String token = server.token("cleo").getString("token");
    String grant = server.grant("subject", "cleo", "watched/", "read");
    try (EventStream watch =
        EventStream.open(as(token, service.get("/v1/watch?prefix=watched/")))) {
      server.asOperator(service.put("/v1/kv/watched/a").body("1"));
      assertThat(watch.nextChange().key()).isEqualTo("watched/a");

      server.takeBack(grant);

      long since = System.nanoTime();
      assertThatThrownBy(
              () -> {
                while (true) {
                  watch.next();
                }
              })
          .isInstanceOf(UncheckedIOException.class);
      assertThat(Duration.ofNanos(System.nanoTime() - since)).isLessThan(Duration.ofSeconds(1));
    }
  }

  @Test
  void watch_whoseTokenIsRevoked_ends() {
    JsonObject token = server.token("carl");
    server.grant("subject", "carl", "watched/", "read");
    try (EventStream watch =
        EventStream.open(as(token.getString("token"), service.get("/v1/watch?prefix=watched/")))) {
      revoke(token);
      assertThatThrownBy(
              () -> {
                while (true) {
                  watch.next();
                }
              })
          .isInstanceOf(UncheckedIOException.class);
    }
  }

  @Test
  void heldRead_whoseGrantIsTakenBack_isRefusedInsteadOfAnswered() {
    String token = server.token("dan").getString("token");
    String grant = server.grant("subject", "dan", "held/", "read");
    CompletableFuture<Answer> held =
        CompletableFuture.supplyAsync(
            () -> as(token, service.get("/v1/kv/held/a").header("Prefer", "wait=60")).send());
    await().until(() -> asOperatorMetric("kvstore_held_requests") > 0);

    server.takeBack(grant);
    server.asOperator(service.put("/v1/kv/held/a").body("secret")).expect(201);

    assertThat(held.join().expect(ErrorCode.FORBIDDEN).text()).doesNotContain("secret");
  }

  @Test
  void export_whoseGrantIsTakenBack_breaksOff() throws IOException {
    String token = server.token("pia").getString("token");
    String grant = server.grant("subject", "pia", "exported/", "read");
    String value = "x".repeat(1 << 20);
    int count = 24;
    for (int i = 0; i < count; i++) {
      server.asOperator(service.put("/v1/kv/exported/" + i).body(value)).expect(201);
    }
    RawRequest request =
        as(token, service.get("/v1/kv?prefix=exported/").header("Accept", "application/x-ndjson"));
    try (RawConnection connection = request.open()) {
      connection.readHead(request.line()).expect(200);

      server.takeBack(grant);

      // What the sockets had taken before still comes; they do not take all.
      assertThat(readUntilItEnds(connection)).isLessThan((long) count << 20);
    }
  }

  private static long readUntilItEnds(RawConnection connection) {
    long bytes = 0;
    try {
      InputStream rest = connection.rest();
      byte[] buffer = new byte[1 << 16];
      for (int read = rest.read(buffer); read >= 0; read = rest.read(buffer)) {
        bytes += read;
      }
    } catch (IOException cutOff) {
      return bytes;
    }
    return bytes;
  }

  @Test
  void batch_whoseGrantIsTakenBack_goesOnWithRefusals() throws IOException {
    String token = server.token("quin").getString("token");
    String grant = server.grant("subject", "quin", "batched/", "write");
    RawRequest request =
        as(
            token,
            service
                .post("/v1/batch")
                .header("Content-Type", "application/x-ndjson")
                .header("Transfer-Encoding", "chunked")
                .unframed(""));
    try (RawConnection connection = request.open()) {
      send(connection, "{\"op\":\"put\",\"key\":\"batched/a\",\"value\":\"1\"}\n");
      connection.readHead(request.line()).expect(200);
      assertThat(new String(connection.chunk(), StandardCharsets.UTF_8)).contains("201");

      server.takeBack(grant);

      for (String operation : new String[] {"get", "delete"}) {
        send(connection, "{\"op\":\"" + operation + "\",\"key\":\"batched/a\"}\n");
        assertThat(new String(connection.chunk(), StandardCharsets.UTF_8))
            .as(operation)
            .contains("FORBIDDEN");
      }
      send(connection, "{\"op\":\"put\",\"key\":\"batched/b\",\"value\":\"1\"}\n");
      assertThat(new String(connection.chunk(), StandardCharsets.UTF_8)).contains("FORBIDDEN");
      connection.send("0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
    }
  }

  private static void send(RawConnection connection, String line) throws IOException {
    String chunk = Integer.toHexString(line.length()) + "\r\n" + line + "\r\n";
    connection.send(chunk.getBytes(StandardCharsets.US_ASCII));
  }

  @Test
  void lease_isItsOwnersAlone() {
    String eve = server.token("eve").getString("token");
    String fred = server.token("fred").getString("token");
    server.grant("subject", "eve", "leased/", "write");
    server.grant("subject", "fred", "leased/", "write");
    String lease =
        as(eve, json(service.post("/v1/leases"), "{\"ttl\":\"1m\"}"))
            .send()
            .expect(201)
            .json()
            .getString("id");

    as(fred, service.get("/v1/leases/" + lease)).send().expect(ErrorCode.NOT_FOUND);
    as(fred, service.put("/v1/leases/" + lease)).send().expect(ErrorCode.NOT_FOUND);
    as(fred, service.delete("/v1/leases/" + lease)).send().expect(ErrorCode.NOT_FOUND);
    as(fred, service.put("/v1/kv/leased/a?lease=" + lease).body("v"))
        .send()
        .expect(ErrorCode.NOT_FOUND);
    as(eve, service.put("/v1/kv/leased/a?lease=" + lease).body("v")).send().expect(201);
    as(eve, service.put("/v1/leases/" + lease)).send().expect(200);
    server.asOperator(service.delete("/v1/leases/" + lease)).expect(204);
  }

  @Test
  void lease_isRenewedOnlyByWhoMayWriteItsKeysStill() {
    String ivy = server.token("ivy").getString("token");
    String grant = server.grant("subject", "ivy", "renewed/", "write");
    server.grant("subject", "ivy", "elsewhere/", "write");
    String lease =
        as(ivy, json(service.post("/v1/leases"), "{\"ttl\":\"1m\"}"))
            .send()
            .expect(201)
            .json()
            .getString("id");
    as(ivy, service.put("/v1/kv/renewed/a?lease=" + lease).body("v")).send().expect(201);
    as(ivy, service.put("/v1/leases/" + lease)).send().expect(200);

    server.takeBack(grant);

    as(ivy, service.put("/v1/leases/" + lease)).send().expect(ErrorCode.FORBIDDEN);
    server.asOperator(service.put("/v1/leases/" + lease)).expect(200);
  }

  @Test
  void idempotencyKey_ofAnother_isNoRepeat() {
    String gus = server.token("gus").getString("token");
    String hal = server.token("hal").getString("token");
    server.grant("subject", "gus", "named/", "write");
    server.grant("subject", "hal", "named/", "write");
    as(gus, service.put("/v1/kv/named/a").header("Idempotency-Key", "k").body("1"))
        .send()
        .expect(201);

    as(hal, service.put("/v1/kv/named/b").header("Idempotency-Key", "k").body("2"))
        .send()
        .expect(201);
    as(gus, service.put("/v1/kv/named/a").header("Idempotency-Key", "k").body("1"))
        .send()
        .expect(201);
  }

  @Test
  void idempotentReplay_withoutTheGrant_isRefused() {
    String ida = server.token("ida").getString("token");
    String grant = server.grant("subject", "ida", "replayed/", "write");
    as(ida, service.put("/v1/kv/replayed/a").header("Idempotency-Key", "k").body("1"))
        .send()
        .expect(201);

    server.takeBack(grant);

    as(ida, service.put("/v1/kv/replayed/a").header("Idempotency-Key", "k").body("1"))
        .send()
        .expect(ErrorCode.FORBIDDEN);
  }

  @Test
  void token_isShownOnce_andRotatedWithAnOverlap() {
    JsonObject made = server.token("jan");
    String id = made.getString("id");
    String first = made.getString("token");
    assertThat(first).matches("kvt_[a-z0-9]{12}_[A-Za-z0-9_-]{43}");

    String second = rotate(id, "?overlap=1h");
    as(first, service.get("/v1/status")).send().expect(200);
    as(second, service.get("/v1/status")).send().expect(200);

    String third = rotate(id, "");
    as(second, service.get("/v1/status")).send().expect(ErrorCode.UNAUTHENTICATED);
    as(first, service.get("/v1/status")).send().expect(ErrorCode.UNAUTHENTICATED);
    as(third, service.get("/v1/status")).send().expect(200);
    Answer described = server.asOperator(service.get("/v1/admin/tokens/" + id)).expect(200);
    assertThat(described.text()).doesNotContain("kvt_");
    assertThat(described.json().getString("lastUsedAt")).startsWith("20");
    assertThat(server.asOperator(service.get("/v1/admin/tokens")).expect(200).text())
        .contains(id)
        .doesNotContain("kvt_");
  }

  @Test
  void token_whoseTimeIsOver_isNotValid() {
    Answer made =
        server
            .asOperator(
                json(service.post("/v1/admin/tokens"), "{\"subject\":\"kim\",\"ttl\":\"300ms\"}"))
            .expect(201);
    String token = made.json().getString("token");
    await()
        .atMost(Duration.ofSeconds(2))
        .until(() -> as(token, service.get("/v1/status")).send().status() == 401);
    await()
        .atMost(Duration.ofSeconds(3))
        .until(
            () ->
                server
                        .asOperator(service.get("/v1/admin/tokens/" + made.json().getString("id")))
                        .status()
                    == 404);
  }

  @Test
  void administratorOfAPrefix_grantsBelowIt_andSeesNoOtherGrants() {
    String lea = server.token("lea").getString("token");
    server.grant("subject", "lea", "team/", "admin");
    String above = server.grant("subject", "max", "tea", "read");

    server.give(lea, "subject", "max", "team/sub/", "admin").expect(201);
    server.give(lea, "subject", "max", "tea", "read").expect(ErrorCode.FORBIDDEN);
    server.give(lea, "subject", "lea", "", "admin").expect(ErrorCode.FORBIDDEN);
    as(lea, service.delete("/v1/admin/grants/" + above)).send().expect(ErrorCode.NOT_FOUND);
    assertThat(as(lea, service.get("/v1/admin/grants")).send().expect(200).text())
        .contains("team/sub/")
        .doesNotContain("\"tea\"");
  }

  @Test
  void serversOwnKeys_areSeenByNobody_andOutliveTheDeletionOfAll() {
    String token = server.token("ned").getString("token");
    server.grant("subject", "ned", "own/", "write");
    server.asOperator(service.put("/v1/kv/own/a").body("v")).expect(201);

    assertThat(server.asOperator(service.get("/v1/kv?keysOnly&limit=1000")).expect(200).text())
        .contains("own/a")
        .doesNotContain("token/", "grant/");
    assertThat(
            server
                .asOperator(service.get("/v1/kv").header("Accept", "application/x-ndjson"))
                .expect(200)
                .text())
        .doesNotContain("sha256");
    server.asOperator(service.delete("/v1/kv?prefix=own/")).expect(200);
    server.asOperator(service.get("/v1/kv/%00token%2Fx")).expect(ErrorCode.KEY_INVALID);
    as(token, service.put("/v1/kv/own/b").body("v")).send().expect(201);
  }

  @Test
  void watchOfEverything_seesNoTokens() {
    try (EventStream watch =
        EventStream.open(as(SecuredServer.OPERATOR, service.get("/v1/watch")))) {
      server.token("olga");
      server.asOperator(service.put("/v1/kv/seen/a").body("v"));
      var seen = watch.nextChange();
      while (!seen.key().equals("seen/a")) {
        assertThat(seen.key()).doesNotContain("token");
        seen = watch.nextChange();
      }
    }
  }

  @Test
  void badDocuments_areRefusedByName() {
    for (String body :
        new String[] {
          "{}",
          "{\"subject\":\"\"}",
          "{\"subject\":\"a\\nb\"}",
          "{\"subject\":\"(operator)\"}",
          "{\"subject\":7}",
          "{\"subject\":\"a\",\"ttl\":\"soon\"}",
          "{\"subject\":\"a\",\"groups\":\"b\"}",
          "{\"subject\":\"a\",\"owner\":\"b\"}",
          "[]"
        }) {
      server
          .asOperator(json(service.post("/v1/admin/tokens"), body))
          .expect(ErrorCode.REQUEST_INVALID);
    }
    for (String body :
        new String[] {
          "{\"subject\":\"a\",\"prefix\":\"x\"}",
          "{\"subject\":\"a\",\"permission\":\"read\"}",
          "{\"prefix\":\"x\",\"permission\":\"read\"}",
          "{\"subject\":\"a\",\"group\":\"b\",\"prefix\":\"x\",\"permission\":\"read\"}",
          "{\"subject\":\"a\",\"prefix\":\"x\\u0000\",\"permission\":\"read\"}",
          "{\"subject\":\"a\",\"prefix\":\"x\",\"permission\":\"own\"}"
        }) {
      server
          .asOperator(json(service.post("/v1/admin/grants"), body))
          .expect(ErrorCode.REQUEST_INVALID);
    }
  }

  private static String rotate(String id, String query) {
    return server
        .asOperator(service.post("/v1/admin/tokens/" + id + "/rotate" + query))
        .expect(200)
        .json()
        .getString("token");
  }

  private static void revoke(JsonObject token) {
    server.asOperator(service.delete("/v1/admin/tokens/" + token.getString("id"))).expect(204);
  }

  private static double asOperatorMetric(String name) {
    return server
        .asOperator(service.get("/metrics"))
        .expect(200)
        .text()
        .lines()
        .filter(line -> line.startsWith(name + " "))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
        .findFirst()
        .orElseThrow();
  }
}
