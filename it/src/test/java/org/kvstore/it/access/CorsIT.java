package org.kvstore.it.access;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.kvstore.api.ErrorCode;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.RawRequest;
import org.kvstore.it.support.ServerProcess;
import org.kvstore.it.support.Service;

/** Which pages of other origins may use the service: none, but those that are configured. */
@Timeout(240)
class CorsIT {
  private static final String APP = "https://app.example.com";

  private static SecuredServer server;
  private static Service service;

  @BeforeAll
  static void start() {
    server =
        SecuredServer.ready("cors", Map.of("KV_CORS_ORIGINS", APP + ", http://localhost:3000"));
    service = server.service();
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @Test
  void preflight_ofAnAllowedOrigin_isAnsweredWithoutAToken() {
    for (String path : new String[] {"/v1/kv/a%2Fb", "/v1/kv", "/v1/txn", "/v1/watch"}) {
      Answer answer = preflight(path, APP);
      answer.expect(204);
      assertThat(answer.header("Access-Control-Allow-Origin")).isEqualTo(APP);
      assertThat(answer.header("Access-Control-Allow-Methods")).contains("PUT", "PATCH", "DELETE");
      assertThat(answer.header("Access-Control-Allow-Headers"))
          .contains("Authorization", "If-Match", "Idempotency-Key");
      assertThat(answer.header("Access-Control-Max-Age")).isEqualTo("600");
      assertThat(answer.findHeader("Access-Control-Allow-Credentials")).isEmpty();
      assertThat(answer.header("Vary")).contains("Origin");
    }
  }

  @Test
  void answer_toAnAllowedOrigin_canBeReadWithItsTag() {
    Answer answer =
        server.asOperator(service.put("/v1/kv/cors").header("Origin", APP).body("v")).expect(201);
    assertThat(answer.header("Access-Control-Allow-Origin")).isEqualTo(APP);
    assertThat(answer.header("Access-Control-Expose-Headers")).contains("ETag", "KV-Version");

    Answer refused = service.get("/v1/kv/cors").header("Origin", APP).send();
    refused.expect(ErrorCode.UNAUTHENTICATED);
    assertThat(refused.header("Access-Control-Allow-Origin")).isEqualTo(APP);
  }

  @Test
  void otherOrigins_areToldNothing() {
    for (String origin : new String[] {"https://evil.example", APP + ".evil.example", "null"}) {
      Answer preflight = preflight("/v1/kv/k", origin);
      assertThat(preflight.findHeader("Access-Control-Allow-Origin")).isEmpty();
      preflight.expect(ErrorCode.UNAUTHENTICATED);
      Answer answer =
          server.asOperator(service.get("/v1/status").header("Origin", origin)).expect(200);
      assertThat(answer.findHeader("Access-Control-Allow-Origin")).isEmpty();
      assertThat(answer.header("Vary")).contains("Origin");
    }
  }

  @Test
  void pageOfAnAllowedOrigin_getsInWithoutAuthentication() {
    try (ServerProcess open =
        ServerProcess.ready(ServerProcess.directory("cors-on"), Map.of("KV_CORS_ORIGINS", APP))) {
      Answer answer = fromPage(open.service().get("/v1/status")).send().expect(200);
      assertThat(answer.header("Access-Control-Allow-Origin")).isEqualTo(APP);
    }
  }

  @Test
  void insecure_isOpenToWhoeverReachesIt_butNotToPagesInTheirBrowsers() {
    try (ServerProcess open =
        ServerProcess.ready(
            ServerProcess.directory("cors-insecure"), Map.of("KV_SECURITY_INSECURE", "true"))) {
      open.service().get("/v1/status").send().expect(200);
      fromPage(open.service().put("/v1/kv/k").body("v")).send().expect(ErrorCode.FORBIDDEN);
    }
  }

  private static Answer preflight(String path, String origin) {
    return service
        .request("OPTIONS", path)
        .header("Origin", origin)
        .header("Access-Control-Request-Method", "PUT")
        .header("Access-Control-Request-Headers", "authorization, if-match")
        .send();
  }

  private static RawRequest fromPage(RawRequest request) {
    return request.header("Origin", APP).header("Sec-Fetch-Site", "cross-site");
  }
}
