package org.kvstore.it.access;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kvstore.it.access.SecuredServer.as;

import java.time.Duration;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.kvstore.api.ErrorCode;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.ServerProcess;
import org.kvstore.it.support.Service;

/** A caller who asks for more than their share is told when to come again; nobody else is. */
@Timeout(240)
class CallerLimitsIT {
  private static final int REQUESTS = 20;
  private static final int BYTES = 50_000;

  @Test
  void requests_aboveTheLimit_areRefused_ofThatCallerAlone() {
    try (SecuredServer server = limited("caller-requests", "KV_LIMITS_CALLER_REQUESTS", REQUESTS)) {
      Service service = server.service();
      String greedy = server.token("greedy").getString("token");
      String modest = server.token("modest").getString("token");
      server.grant("subject", "greedy", "", "write");
      String lease =
          as(greedy, SecuredServer.json(service.post("/v1/leases"), "{\"ttl\":\"PT1M\"}"))
              .send()
              .expect(201)
              .json()
              .getString("id");

      Answer refused = null;
      for (int i = 0; refused == null; i++) {
        assertThat(i).as("requests let in").isLessThan(100 * REQUESTS);
        Answer answer = as(greedy, service.get("/v1/kv/k")).send();
        assertThat(answer.header("RateLimit-Policy")).isEqualTo("\"requests\";q=20;w=1");
        assertThat(answer.header("RateLimit")).matches("\"requests\";r=[0-9]+;t=1");
        refused = answer.status() == 429 ? answer : null;
      }

      refused.expect(ErrorCode.TOO_MANY_REQUESTS);
      assertThat(refused.header("Retry-After")).isEqualTo("1");
      assertThat(refused.header("RateLimit")).isEqualTo("\"requests\";r=0;t=1");
      assertThat(refused.json().getInt("limit")).isEqualTo(REQUESTS);
      as(greedy, service.put("/v1/leases/" + lease)).send().expect(200);
      as(greedy, service.get("/v1/status")).send().expect(200);
      as(greedy, service.delete("/v1/leases/" + lease)).send().expect(ErrorCode.TOO_MANY_REQUESTS);
      as(modest, service.get("/v1/kv/k")).send().expect(ErrorCode.FORBIDDEN);
      for (int i = 0; i < 3 * REQUESTS; i++) {
        server.asOperator(service.get("/v1/kv/k")).expect(404);
      }
    }
  }

  @Test
  void bytes_aboveTheLimit_haveToBeMadeGood() {
    try (SecuredServer server = limited("caller-bytes", "KV_LIMITS_CALLER_BYTES", BYTES)) {
      Service service = server.service();
      String token = server.token("ann").getString("token");
      server.grant("subject", "ann", "", "write");
      server.asOperator(service.put("/v1/kv/large").body("x".repeat(4 * BYTES))).expect(201);

      as(token, service.get("/v1/kv/large")).send().expect(200);

      Answer refused = as(token, service.get("/v1/kv/large")).send();
      refused.expect(ErrorCode.TOO_MANY_REQUESTS);
      assertThat(Integer.parseInt(refused.header("Retry-After"))).isBetween(2, 3);
      assertThat(refused.header("RateLimit-Policy"))
          .isEqualTo("\"bytes\";q=50000;w=1;qu=\"content-bytes\"");
    }
  }

  @Test
  void batchesAndExports_areSlowedDownToTheLimit_andEndWhole() {
    try (SecuredServer server = limited("caller-paced", "KV_LIMITS_CALLER_BYTES", BYTES)) {
      Service service = server.service();
      String token = server.token("ann").getString("token");
      server.grant("subject", "ann", "", "write");
      int lines = 20;
      String batch =
          IntStream.range(0, lines)
              .mapToObj(
                  i ->
                      "{\"op\":\"put\",\"key\":\"k%02d\",\"value\":\"%s\"}\n"
                          .formatted(i, "x".repeat(BYTES / 5)))
              .collect(Collectors.joining());

      long began = System.nanoTime();
      as(token, service.post("/v1/batch").header("Content-Type", "application/x-ndjson"))
          .body(batch)
          .send()
          .expect(200);
      Duration written = Duration.ofNanos(System.nanoTime() - began);
      Answer export = null;
      long asked = System.nanoTime();
      while (export == null || export.status() == 429) {
        export = as(token, service.get("/v1/kv").header("Accept", "application/x-ndjson")).send();
      }
      Duration read = Duration.ofNanos(System.nanoTime() - asked);

      assertThat(export.expect(200).text().lines()).hasSize(lines);
      assertThat(written).isGreaterThan(Duration.ofMillis(2_500));
      assertThat(read).isGreaterThan(Duration.ofMillis(2_500));
    }
  }

  @Test
  void withoutAuthentication_anAddressIsACaller() {
    try (ServerProcess server =
        ServerProcess.ready(
            ServerProcess.directory("caller-address"), Map.of("KV_LIMITS_CALLER_REQUESTS", "5"))) {
      Answer answer = null;
      for (int i = 0; answer == null || answer.status() != 429; i++) {
        assertThat(i).as("requests let in").isLessThan(1_000);
        answer = server.service().get("/v1/kv/k").send();
      }
      server.service().get("/v1/status").send().expect(200);
      server.service().get("/health/ready").send().expect(200);
    }
  }

  private static SecuredServer limited(String name, String variable, int limit) {
    return SecuredServer.ready(name, Map.of(variable, Integer.toString(limit)));
  }
}
