package org.kvstore.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kvstore.it.support.Service.parameter;
import static org.kvstore.it.support.Service.target;

import jakarta.json.JsonObject;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.kvstore.api.ErrorCode;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.Deployed;
import org.kvstore.it.support.RawConnection;
import org.kvstore.it.support.RawRequest;
import org.kvstore.it.support.Seed;

/** Batches over HTTP: each line by itself, results in order, both ways as they come. */
class BatchIT extends Deployed {
  private static final String NDJSON = "application/x-ndjson";
  private static final int DISCONNECTIONS = 40;
  private static final int LINES = 500;

  /** Fewer than are allowed, as one that was cut off may not have ended yet. */
  private static final int OPEN_BATCHES = 12;

  private static final String VALUE = "v".repeat(100);

  private final String prefix = prefix();

  @Test
  void lines_areAnsweredInOrder_eachByItself() {
    List<JsonObject> results =
        results(
            """
            {"op":"put","key":"%1$sa","value":"1","contentType":"text/plain"}
            {"op":"put","key":"%1$sa","value":"2","ifNoneMatch":"*"}

            {"op":"get","key":"%1$sa"}
            not json
            {"op":"put","key":"%1$sb","valueBase64":"AP8="}
            {"op":"delete","key":"%1$sa"}
            {"op":"get","key":"%1$sa"}
            {"op":"get","key":"%1$sb"}"""
                .formatted(prefix));
    assertThat(results)
        .extracting(result -> result.getInt("status"))
        .containsExactly(201, 412, 200, 400, 201, 204, 404, 200);
    JsonObject refused = results.get(1).getJsonObject("problem");
    assertThat(refused.getString("code")).isEqualTo("PRECONDITION_FAILED");
    assertThat(refused.getString("etag")).isEqualTo(results.get(0).getString("etag"));
    JsonObject read = results.get(2).getJsonObject("entry");
    assertThat(read.getString("value")).isEqualTo("1");
    assertThat(read.getString("contentType")).isEqualTo("text/plain");
    assertThat(results.get(7).getJsonObject("entry").getString("valueBase64")).isEqualTo("AP8=");
  }

  @Test
  void exportedLines_areImportedAsTheyWere() {
    service.put(target(prefix + "t") + "?ttl=1h").body("x").send().expect(201);
    service.put(target(prefix + "b")).body(new byte[] {0, (byte) 0xFF}).send().expect(201);
    String range = "/v1/kv?prefix=" + parameter(prefix);
    String exported = service.get(range).header("Accept", NDJSON).send().expect(200).text();
    service.delete(range).send().expect(200);
    assertThat(results(exported)).allMatch(result -> result.getInt("status") == 201);
    assertThat(service.get(range).header("Accept", NDJSON).send().text()).isEqualTo(exported);
  }

  @Test
  void clientThatGoesLineByLine_isAnsweredAtOnce() throws IOException {
    RawRequest request =
        service
            .post("/v1/batch")
            .header("Content-Type", NDJSON)
            .header("Transfer-Encoding", "chunked")
            .unframed("");
    try (RawConnection connection = request.open()) {
      send(connection, "{\"op\":\"get\",\"key\":\"%sa\"}\n".formatted(prefix));
      connection.readHead(request.line()).expect(200);
      assertThat(text(connection.chunk())).contains("\"status\":404");
      send(connection, "{\"op\":\"put\",\"key\":\"%sa\",\"value\":\"1\"}\n".formatted(prefix));
      assertThat(text(connection.chunk())).contains("\"status\":201");
      send(connection, "{\"op\":\"get\",\"key\":\"%sa\"}\n".formatted(prefix));
      assertThat(text(connection.chunk())).contains("\"status\":200");
      connection.send("0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
    }
  }

  /** Each holds a thread of the server while its client is silent. */
  @Test
  void manyBatchesThatStayOpen_areAnswered_andKeepNobodyElseWaiting() throws IOException {
    List<RawConnection> open = new ArrayList<>();
    try {
      for (int i = 0; i < OPEN_BATCHES; i++) {
        RawRequest request =
            service
                .post("/v1/batch")
                .header("Content-Type", NDJSON)
                .header("Transfer-Encoding", "chunked")
                .unframed("");
        RawConnection connection = request.open();
        open.add(connection);
        send(
            connection, "{\"op\":\"put\",\"key\":\"%s%d\",\"value\":\"1\"}\n".formatted(prefix, i));
      }
      for (RawConnection connection : open) {
        connection.readHead("POST /v1/batch").expect(200);
        assertThat(text(connection.chunk())).contains("\"status\":201");
      }
      service.put(target(prefix + "other")).body("x").send().expect(201);
      for (RawConnection connection : open) {
        connection.send("0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      }
    } finally {
      for (RawConnection connection : open) {
        connection.close();
      }
    }
  }

  /** Wherever the connection breaks: the first lines have been applied, each of them whole. */
  @Test
  void clientThatDisconnects_leavesWholeLinesOnly() throws IOException {
    Random random = Seed.random("BatchIT");
    Map<String, Integer> sent = new HashMap<>();
    for (int round = 0; round < DISCONNECTIONS; round++) {
      String under = prefix + round + "/";
      byte[] request = puts(under, random.nextBoolean()).bytes();
      byte[] torn = Arrays.copyOf(request, random.nextInt(request.length));
      int whole = (int) text(torn).lines().filter(line -> line.endsWith("}")).count();
      int answered = disconnect(torn, random.nextBoolean());
      assertThat(applied(under)).isBetween(answered, whole);
      sent.put(under, whole);
    }
    sent.forEach((under, whole) -> assertThat(applied(under)).isLessThanOrEqualTo(whole));
  }

  private RawRequest puts(String under, boolean chunked) {
    String lines =
        IntStream.range(0, LINES)
            .mapToObj(
                "{\"op\":\"put\",\"key\":\"%s%%03d\",\"value\":\"%s\"}\n".formatted(under, VALUE)
                    ::formatted)
            .collect(Collectors.joining());
    RawRequest request = service.post("/v1/batch").header("Content-Type", NDJSON);
    return chunked
        ? request.chunked(lines.getBytes(StandardCharsets.UTF_8), 1_000)
        : request.body(lines);
  }

  /** Returns how many lines were answered: none if the client does not wait for answers. */
  private int disconnect(byte[] torn, boolean patient) throws IOException {
    try (RawConnection connection = new RawConnection(service.port())) {
      connection.send(torn);
      if (!patient) {
        return 0;
      }
      byte[] answer = connection.sendNoMore().rest().readAllBytes();
      return (int) text(answer).lines().filter(line -> line.startsWith("{\"status\":201")).count();
    }
  }

  /** How many lines were applied, none but the first. */
  private int applied(String under) {
    List<JsonObject> entries =
        service
            .get("/v1/kv?limit=1000&prefix=" + parameter(under))
            .send()
            .expect(200)
            .json()
            .getJsonArray("entries")
            .getValuesAs(JsonObject.class);
    for (int i = 0; i < entries.size(); i++) {
      assertThat(entries.get(i).getString("key")).isEqualTo(under + "%03d".formatted(i));
      assertThat(entries.get(i).getString("value")).isEqualTo(VALUE);
    }
    return entries.size();
  }

  @Test
  void repeatUnderTheSameName_appliesNoLineTwice() {
    String lines =
        """
        {"op":"put","key":"%1$sa","value":"1"}
        {"op":"put","key":"%1$sa","value":"2"}
        """
            .formatted(prefix);
    RawRequest named = request(lines).header("Idempotency-Key", "b" + prefix.hashCode());
    String first = named.send().expect(200).text();
    assertThat(named.send().expect(200).text()).isEqualTo(first);
    assertThat(service.get(target(prefix + "a")).send().header("KV-Version")).isEqualTo("2");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "[] | body",
        "{} | op",
        "{\"op\":\"list\",\"prefix\":\"a\"} | op",
        "{\"op\":\"put\",\"key\":\"a\"} | value",
        "{\"op\":\"put\",\"key\":\"a\",\"value\":{}} | value",
        "{\"op\":\"put\",\"key\":\"a\",\"value\":\"x\",\"valueBase64\":\"\"} | value",
        "{\"op\":\"put\",\"key\":\"a\",\"valueBase64\":\"?\"} | valueBase64",
        "{\"op\":\"put\",\"key\":\"a\",\"value\":\"\\ud800\"} | value",
        "{\"op\":\"put\",\"key\":\"a\",\"value\":\"x\",\"ttl\":\"-1s\"} | ttl",
        "{\"op\":\"put\",\"key\":\"a\",\"value\":\"x\",\"expiresAt\":\"now\"} | expiresAt",
        "{\"op\":\"put\",\"key\":\"a\",\"value\":\"x\",\"lease\":\"x\"} | lease",
        "{\"op\":\"put\",\"key\":\"a\",\"value\":\"x\",\"ttl\":\"1s\",\"lease\":\"1\"} | lease",
        "{\"op\":\"put\",\"key\":\"a\",\"value\":\"x\",\"contentType\":\"x\"} | contentType",
        "{\"op\":\"put\",\"key\":\"a\",\"value\":\"x\",\"ifMatch\":\"\\\"\"} | ifMatch",
        "{\"op\":\"get\",\"key\":\"a\",\"tll\":\"1s\"} | tll",
        "{\"op\":\"get\",\"key\":\"a\",\"key\":\"b\"} | key",
        "{\"op\":\"get\",\"key\":\"a\"} x | line",
        "{\"op\":\"get\",\"key\":\"a/\"} | key",
        "{\"op\":\"get\",\"key\":\"a\" | line",
      })
  void badLine_isOneProblemLine(String line, String field) {
    List<JsonObject> results = results(line + "\n{\"op\":\"get\",\"key\":\"none\"}\n");
    assertThat(results).hasSize(2);
    JsonObject problem = results.get(0).getJsonObject("problem");
    assertThat(problem.getString("field")).isEqualTo(field);
    assertThat(results.get(0).getInt("status")).isEqualTo(400);
    assertThat(results.get(1).getInt("status")).isEqualTo(404);
  }

  @Test
  void lineBeyondItsLimit_isOneProblemLine() {
    String key = prefix + "long";
    String line = "{\"op\":\"put\",\"key\":\"%s\",\"value\":\"%s\"}\n";
    int limit = 1 << 20;
    List<JsonObject> results =
        results(
            line.formatted(key, "x".repeat(limit))
                + line.formatted(key, "x".repeat(limit + 1))
                + line.formatted(key, "x".repeat(7 * limit))
                + "{\"op\":\"get\",\"key\":\"none\"}");
    assertThat(results)
        .extracting(result -> result.getInt("status"))
        .containsExactly(201, 413, 413, 404);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "+1000000000-12-31T23:59:59.999999999Z",
        "+292278994-08-17T07:12:55.808Z",
        "-1000000000-01-01T00:00:00Z"
      })
  void timeOfExpiryBeyondMilliseconds_isOneProblemLine(String expiresAt) {
    String line = "{\"op\":\"put\",\"key\":\"%s\",\"value\":\"x\",\"expiresAt\":\"%s\"}\n";
    List<JsonObject> results =
        results(
            line.formatted(prefix + "a", expiresAt)
                + line.formatted(prefix + "a", "2100-01-01T00:00:00Z")
                + "{\"op\":\"get\",\"key\":\"none\"}");
    assertThat(results)
        .extracting(result -> result.getInt("status"))
        .containsExactly(400, 201, 404);
    JsonObject problem = results.get(0).getJsonObject("problem");
    assertThat(problem.getString("field")).isEqualTo("expiresAt");
  }

  @Test
  void otherMediaType_isRefused() {
    service
        .post("/v1/batch")
        .header("Content-Type", "application/json")
        .body("{}")
        .send()
        .expect(ErrorCode.UNSUPPORTED_MEDIA_TYPE);
  }

  private List<JsonObject> results(String lines) {
    Answer answer = request(lines).send().expect(200);
    assertThat(answer.header("Content-Type")).isEqualTo(NDJSON);
    return answer.text().lines().map(Answer::json).toList();
  }

  private RawRequest request(String lines) {
    return service.post("/v1/batch").header("Content-Type", NDJSON).body(lines);
  }

  private static void send(RawConnection connection, String text) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    String chunk = Integer.toHexString(bytes.length) + "\r\n" + text + "\r\n";
    connection.send(chunk.getBytes(StandardCharsets.UTF_8));
  }

  private static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8);
  }
}
