package org.kvstore.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.RawRequest;
import org.kvstore.it.support.ServerProcess;
import org.kvstore.it.support.Service;
import org.kvstore.it.support.SpanReceiver;

/** A server that writes an access log and sends traces, which is off otherwise. */
class ObservedServerIT {
  private static final String TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
  private static final String OTHER_TRACE = "5bf92f3577b34da6a3ce929d0e0e4736";
  private static final String PARENT = "00f067aa0ba902b7";

  /** Time, client, user, method, path, query, status, bytes, microseconds, request and trace. */
  private static final Pattern LINE =
      Pattern.compile(
          "\\[\\S+ [+-]\\d{4}\\] 127\\.0\\.0\\.1 - [A-Z]+ \\S+ \\S+ \\d{3} \\d+ \\d+"
              + " (-|[A-Za-z0-9._-]{1,64}) (-|00-[0-9a-f]{32}-[0-9a-f]{16}-01)");

  private static Path accessLog;
  private static SpanReceiver collector;
  private static ServerProcess server;
  private static Service service;

  @BeforeAll
  static void start() throws IOException {
    Path data = ServerProcess.directory("observed");
    accessLog = data.resolveSibling("access.log");
    collector = new SpanReceiver();
    server =
        ServerProcess.ready(
            data,
            Map.of(
                "KV_ACCESS_LOG", accessLog.toString(),
                "OTEL_SDK_DISABLED", "false",
                "OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf",
                "OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint(),
                "OTEL_BSP_SCHEDULE_DELAY", "100"));
    service = server.service();
  }

  @AfterAll
  static void stop() {
    server.close();
    collector.close();
  }

  @Test
  void accessLog_hasALineARequest_withThePathAsItWasSent() {
    service.put("/v1/kv/orders/4%202?ttl=30s").body("secret-value").send().expect(201);

    String line = lineWith("/v1/kv/orders/4%202");
    assertThat(line).matches(LINE).contains(" PUT ", " ?ttl=30s 201 0 ", " - 00-");
    assertThat(lines()).noneMatch(one -> one.contains("secret-value"));
  }

  @Test
  void accessLog_namesARefusedRequestAsItsProblemDoes() {
    Answer refused = service.get("/v1/kv/absent").send().expect(404);

    assertThat(lineWith("/v1/kv/absent")).contains(" 404 ", " " + refused.header("X-Request-Id"));
  }

  @Test
  void accessLog_cannotBeWrittenToByClients() {
    String forged = "[26/Nov/2026:00:00:00 +0000]";
    List<RawRequest> attempts =
        List.of(
            service.get("/v1/kv/forged-1%0A" + forged),
            service.get("/v1/kv?prefix=forged-2%0D%0A" + forged.replace(' ', '+')),
            service.get("/v1/kv/forged-3\u001b[2J"),
            service.get("/v1/kv/forged-4").header("X-Request-Id", "a b\" " + forged));

    attempts.forEach(RawRequest::send);

    lineWith("forged-4");
    for (int attempt = 1; attempt <= attempts.size(); attempt++) {
      String mark = "forged-" + attempt;
      assertThat(lines()).filteredOn(line -> line.contains(mark)).hasSize(1);
    }
    assertThat(lines()).allMatch(line -> LINE.matcher(line).matches());
  }

  @Test
  void traces_haveASpanOfAWrite_namedAfterItsRoute() {
    Answer written = service.put("/v1/kv/traced/1").body("secret-value").send().expect(201);

    String trace = written.header("traceresponse").split("-")[1];
    await().untilAsserted(() -> assertThat(collector.received()).contains(bytes(trace)));
    assertThat(collector.received())
        .contains("PUT /v1/kv/{key}", "http.route", "/v1/kv/traced/1", "kvstore")
        .doesNotContain("secret-value", "process.command_line");
  }

  @Test
  void traces_goOnWithTheCallersTrace() {
    String parent = "00-" + TRACE + "-" + PARENT + "-01";
    Answer read = service.get("/v1/kv/absent").header("traceparent", parent).send().expect(404);

    assertThat(read.header("traceresponse")).startsWith("00-" + TRACE + "-").endsWith("-01");
    await()
        .untilAsserted(
            () ->
                assertThat(collector.received())
                    .contains(bytes(TRACE), bytes(PARENT), "GET /v1/kv/{key}"));
  }

  @Test
  void traces_haveOneSpanOfARequestToJakartaRest() {
    String parent = "00-" + OTHER_TRACE + "-" + PARENT + "-01";
    service.delete("/v1/kv?prefix=none").header("traceparent", parent).send().expect(200);
    Answer after = service.get("/v1/kv/absent").send().expect(404);

    String later = after.header("traceresponse").split("-")[1];
    await().untilAsserted(() -> assertThat(collector.received()).contains(bytes(later)));
    assertThat(collector.received()).contains("DELETE /v1/kv").containsOnlyOnce(bytes(OTHER_TRACE));
  }

  /** A line that holds a text; the log is written a moment after the answer. */
  private static String lineWith(String text) {
    return await()
        .until(
            () -> lines().stream().filter(line -> line.contains(text)).findAny(),
            Optional::isPresent)
        .orElseThrow();
  }

  private static List<String> lines() {
    try {
      return Files.exists(accessLog)
          ? Files.readAllLines(accessLog, StandardCharsets.ISO_8859_1)
          : List.of();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String bytes(String hex) {
    return new String(HexFormat.of().parseHex(hex), StandardCharsets.ISO_8859_1);
  }
}
