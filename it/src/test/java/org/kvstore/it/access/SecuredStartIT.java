package org.kvstore.it.access;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.kvstore.it.access.SecuredServer.as;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.kvstore.api.ErrorCode;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.ServerProcess;

/** A server starts safe, stays so over a restart, and tells nobody a secret. */
@Timeout(300)
class SecuredStartIT {
  private static final String WARNING = "There is no authentication";

  /** 127.0.0.1, of IPv4 and within IPv6, and ::1. */
  private static final Set<String> LOOPBACK =
      Set.of("0100007F", "0000000000000000FFFF00000100007F", "00000000000000000000000001000000");

  @TempDir Path folder;

  @Test
  void elsewhere_withoutAuthentication_endsAtOnceAndSaysWhy() throws Exception {
    ProcessBuilder builder =
        new ProcessBuilder(
            ServerProcess.java().toString(), "-jar", System.getProperty("it.launcher"));
    builder
        .environment()
        .putAll(
            Map.of(
                "KV_HOST", "0.0.0.0",
                "KV_DATA_DIR", folder.resolve("data").toString(),
                "KV_INSTALL_DIR", Path.of(System.getProperty("it.target"), "install").toString()));
    Process process = builder.redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).isEqualTo(1);
    assertThat(said).contains("no authentication is configured", "KV_SECURITY_ADMIN_TOKEN_FILE");
  }

  @Test
  void withoutAuthentication_itListensOnLoopbackAlone_andIsWarnedOfWhenItIsInsecure()
      throws IOException {
    Path data = ServerProcess.directory("loopback");
    try (ServerProcess server = ServerProcess.ready(data)) {
      assertThat(Listening.addresses(server.pid())).isNotEmpty().isSubsetOf(LOOPBACK);
      assertThat(server.log()).doesNotContain(WARNING);
    }
    for (int i = 0; i < (Boolean.getBoolean("long") ? 2 : 1); i++) {
      try (ServerProcess server =
          ServerProcess.ready(data, Map.of("KV_SECURITY_INSECURE", "true"))) {
        assertThat(server.log()).as("each start").contains(WARNING);
        assertThat(Listening.addresses(server.pid())).isNotEmpty().isSubsetOf(LOOPBACK);
      }
    }
  }

  @Test
  void tokens_outliveARestart_andNoSecretIsLogged() throws IOException {
    Path file = Files.writeString(folder.resolve("operator"), SecuredServer.OPERATOR + "\n");
    Path data = ServerProcess.directory("secured");
    Map<String, String> variables =
        Map.of(
            "KV_SECURITY_ADMIN_TOKEN_FILE",
            file.toString(),
            "KV_ACCESS_LOG",
            folder.resolve("access.log").toString());
    String token;
    String id;
    String used;
    String log;
    try (ServerProcess server = ServerProcess.ready(data, variables)) {
      Answer made =
          as(
                  SecuredServer.OPERATOR,
                  SecuredServer.json(
                      server.service().post("/v1/admin/tokens"), "{\"subject\":\"ann\"}"))
              .send()
              .expect(201);
      token = made.json().getString("token");
      id = made.json().getString("id");
      as(token, server.service().get("/v1/status")).send().expect(200);
      used = lastUse(server, id);
      server.stop();
      log = server.log();
    }
    try (ServerProcess server = ServerProcess.ready(data, variables)) {
      assertThat(lastUse(server, id)).as("a use outlives an orderly stop").isEqualTo(used);
      as(token, server.service().get("/v1/status")).send().expect(200);
      server.service().get("/v1/status").send().expect(ErrorCode.UNAUTHENTICATED);
      server.stop();
      log += server.log();
    }
    String secret = token.substring(token.length() - 40);
    for (String text : List.of(log, Files.readString(folder.resolve("access.log")))) {
      assertThat(text).doesNotContain(SecuredServer.OPERATOR, token, secret);
    }
  }

  @Test
  void guesses_areSlowedDown_andDoNotLockOutWhoIsKnown() {
    try (SecuredServer server = SecuredServer.ready("guesses")) {
      String known = server.token("ann").getString("token");
      String late = server.token("ben").getString("token");
      as(known, server.service().get("/v1/status")).send().expect(200);

      Answer answer = null;
      for (int i = 0; i < 60; i++) {
        answer = as("guess-" + i, server.service().get("/v1/status")).send();
      }

      answer.expect(ErrorCode.TOO_MANY_REQUESTS);
      assertThat(answer.header("Retry-After")).isEqualTo("1");
      as(known, server.service().get("/v1/status")).send().expect(200);
      as(late, server.service().get("/v1/status")).send().expect(200);
      server.asOperator(server.service().get("/v1/status")).expect(200);
      await()
          .untilAsserted(
              () ->
                  assertThat(failuresTold(server.log()))
                      .as("those that were not looked at too")
                      .isEqualTo(60));
    }
  }

  private static String lastUse(ServerProcess server, String id) {
    return as(SecuredServer.OPERATOR, server.service().get("/v1/admin/tokens/" + id))
        .send()
        .expect(200)
        .json()
        .getString("lastUsedAt");
  }

  private static int failuresTold(String log) {
    return Pattern.compile("Attempts to authenticate have failed. attempts=(\\d+)")
        .matcher(log)
        .results()
        .mapToInt(told -> Integer.parseInt(told.group(1)))
        .sum();
  }
}
