package org.kvstore.it.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kvstore.api.ErrorCode.UNSUPPORTED_MEDIA_TYPE;
import static org.kvstore.it.support.Service.target;

import jakarta.json.JsonObject;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.RawConnection;
import org.kvstore.it.support.RawRequest;

final class Batches extends Section {
  /** What a line may have beside the largest value, when each byte of that is escaped. */
  private static final int LINE_LIMIT = 6 * VALUE_LIMIT + (16 << 10);

  Batches(Servers servers, Exchanges exchanges) {
    super(servers, exchanges);
  }

  @Override
  String title() {
    return "4. Bulk: POST /v1/batch";
  }

  @Override
  Stream<DynamicNode> sentences() {
    return Stream.of(
        sentence(
            "A line: `{\"op\":\"put\",\"key\":..,\"value\":..,\"contentType\":..,\"ttl\":..,"
                + "\"expiresAt\":..,\"ifMatch\":..,\"ifNoneMatch\":..}`",
            claim("contentType", this::hasContentType),
            claim("ttl", key -> expires(key, "'ttl':'1h'")),
            claim("expiresAt", key -> expires(key, "'expiresAt':'2100-01-01T00:00:00Z'")),
            claim(
                "ifMatch",
                key -> {
                  String revision = "" + expect(201, put(key, "x")).revision();
                  answers(204, key, "'ifMatch':'\\\"" + revision + "\\\"'");
                  answers(412, key, "'ifMatch':'\\\"" + revision + "\\\"'");
                  answers(204, key, "'ifMatch':'*'");
                }),
            claim(
                "ifNoneMatch",
                key -> {
                  answers(201, key, "'ifNoneMatch':'*'");
                  answers(412, key, "'ifNoneMatch':'*'");
                })),
        sentence(
            "`{\"op\":\"get\",..}`, `{\"op\":\"delete\",..}`.",
            claim(
                "get",
                key -> {
                  expect(201, put(key, "x"));
                  JsonObject read = batch(json("{'op':'get','key':'%s'}", key)).get(0);
                  assertThat(read.getInt("status")).isEqualTo(200);
                  assertThat(read.getJsonObject("entry").getString("value")).isEqualTo("x");
                }),
            claim(
                "delete",
                key -> {
                  expect(201, put(key, "x"));
                  String delete = json("{'op':'delete','key':'%s'}", key);
                  assertThat(statuses(batch(delete, delete))).containsExactly(204, 404);
                }),
            claim(
                "delete on a condition",
                key -> {
                  expect(201, put(key, "x"));
                  String delete = "{'op':'delete','key':'%s','ifMatch':'%s'}";
                  assertThat(statuses(batch(json(delete, key, "0"), json(delete, key, "*"))))
                      .containsExactly(412, 204);
                })),
        sentence("Each line succeeds or fails by itself", each(BAD_LINES, this::failsByItself)),
        sentence(
            "Each line succeeds or fails by itself: bytes that are no UTF-8",
            each(BAD_BYTES, this::bytesFailByThemselves)),
        sentence(
            "Each line succeeds or fails by itself: lines and their ends",
            claim("empty lines", key -> areTwoLines(key, "\n\n%s\n \t\n\n%s\n\n")),
            claim("CRLF", key -> areTwoLines(key, "%s\r\n\r\n%s\r\n")),
            claim("no line feed at the end", key -> areTwoLines(key, "%s\n%s")),
            claim("nothing", key -> assertThat(batch("")).isEmpty()),
            claim("the longest line and one more byte", this::lineHasALimit)),
        sentence(
            "a reply line per line, in order",
            claim(
                "a thousand",
                key -> {
                  String[] lines =
                      IntStream.range(0, 1000)
                          .mapToObj(
                              i -> json("{'op':'%s','key':'%s'}", i % 7 == 0 ? "odd" : "get", key))
                          .toArray(String[]::new);
                  assertThat(statuses(batch(lines)))
                      .isEqualTo(
                          IntStream.range(0, 1000).mapToObj(i -> i % 7 == 0 ? 400 : 404).toList());
                })),
        sentence(
            "`{\"status\":201,\"etag\":..}` or `{\"status\":412,\"problem\":{..}}`",
            claim(
                "both",
                key -> {
                  String put = json("{'op':'put','key':'%s','value':'','ifNoneMatch':'*'}", key);
                  List<JsonObject> results = batch(put, put);
                  assertThat(results.get(0)).containsOnlyKeys("status", "etag");
                  assertThat(results.get(1)).containsOnlyKeys("status", "problem");
                  assertThat(results.get(1).getJsonObject("problem").getString("etag"))
                      .isEqualTo(results.get(0).getString("etag"))
                      .isEqualTo(expect(200, get(key)).etag());
                })),
        sentence(
            "It streams both ways with back-pressure",
            claim("a line is answered before the next is sent", this::goesLineByLine)),
        sentence(
            "What §3 exports, this imports.",
            claim("text, bytes, types, times", this::exportedIsImported)),
        sentence(
            "`POST /v1/batch` (NDJSON in, NDJSON out)",
            claim(
                "another type",
                key -> refuse(UNSUPPORTED_MEDIA_TYPE, post("/v1/batch", JSON, "{}"))),
            claim(
                "out",
                key ->
                    assertThat(expect(200, batchOf("")).header("Content-Type"))
                        .isEqualTo(NDJSON))));
  }

  /** Line, with apostrophes for quotation marks; the property at fault. */
  private static final List<String> BAD_LINES =
      List.of(
          "no JSON | line",
          "{'op':'get','key':'a' | line",
          "{'op':'get','key':'a'} {} | line",
          "{'op':'get',} | line",
          "{'op':'get','key':'\\x'} | line",
          "{op:'get',key:'a'} | line",
          "{'op':'get','key':'a'}, | line",
          "1 | body",
          "null | body",
          "'text' | body",
          "[{'op':'get','key':'a'}] | body",
          "{} | op",
          "{'op':null,'key':'a'} | op",
          "{'op':'jump','key':'a'} | op",
          "{'op':'PUT','key':'a','value':''} | op",
          "{'op':'list','prefix':'a'} | op",
          "{'op':'get'} | key",
          "{'op':'get','key':null} | key",
          "{'op':'get','key':''} | key",
          "{'op':'get','key':'a/'} | key",
          "{'op':'get','key':['a']} | key",
          "{'op':'get','key':{}} | key",
          "{'op':'get','key':'\\ud800'} | key",
          "{'op':'put','key':'a'} | value",
          "{'op':'put','key':'a','value':null} | value",
          "{'op':'put','key':'a','value':{'b':1}} | value",
          "{'op':'put','key':'a','value':[[[[[[[[[[[[]]]]]]]]]]]]} | value",
          "{'op':'put','key':'a','value':'\\ud800'} | value",
          "{'op':'put','key':'a','value':'','valueBase64':''} | value",
          "{'op':'put','key':'a','valueBase64':'A'} | valueBase64",
          "{'op':'put','key':'a','valueBase64':'_-8='} | valueBase64",
          "{'op':'put','key':'a','value':'','contentType':'text'} | contentType",
          "{'op':'put','key':'a','value':'','ttl':'-1s'} | ttl",
          "{'op':'put','key':'a','value':'','ttl':30} | ttl",
          "{'op':'put','key':'a','value':'','expiresAt':'tomorrow'} | expiresAt",
          "{'op':'put','key':'a','value':'','lease':'x'} | lease",
          "{'op':'put','key':'a','value':'','lease':'999999999999'} | lease",
          "{'op':'put','key':'a','value':'','keepTtl':'perhaps'} | keepTtl",
          "{'op':'put','key':'a','value':'','ttl':'1s','lease':'1'} | lease",
          "{'op':'put','key':'a','value':'','ifMatch':'\\\"'} | ifMatch",
          "{'op':'put','key':'a','value':'','ifNoneMatch':'a b'} | ifNoneMatch",
          "{'op':'put','key':'a','value':'','tll':'1s'} | tll",
          "{'op':'get','key':'a','value':''} | value",
          "{'op':'get','key':'a','key':'b'} | key",
          "{'op':'get','op':'delete','key':'b'} | op");

  /** UTF-8 is only what RFC 3629 says it is. */
  private static final List<String> BAD_BYTES =
      List.of(
          "FF",
          "C3",
          "C3 28",
          "80",
          "C0 AF",
          "C1 A1",
          "E0 80 AF",
          "ED A0 80",
          "ED A0 BD ED B8 80",
          "F0 80 80 AF",
          "F4 90 80 80",
          "F8 88 80 80 80");

  private void hasContentType(String key) {
    answers(201, key, "'contentType':'text/css'");
    assertThat(expect(200, get(key)).header("Content-Type")).isEqualTo("text/css");
    answers(204, key, "'ifMatch':'*'");
    assertThat(expect(200, get(key)).header("Content-Type")).isEqualTo("application/octet-stream");
  }

  private void expires(String key, String property) {
    answers(201, key, property);
    assertThat(Instant.parse(expect(200, get(key)).header("KV-Expires-At"))).isAfter(Instant.now());
  }

  private void answers(int status, String key, String property) {
    String line = json("{'op':'put','key':'%s','value':'x',%s}", key, property);
    assertThat(statuses(batch(line))).containsExactly(status);
  }

  private void failsByItself(String row, String key) {
    String[] parts = row.replace('\'', '"').split(" \\| ", -1);
    String put = json("{'op':'put','key':'%s','value':'x'}", key);
    List<JsonObject> results = batch(put, parts[0], put);
    JsonObject problem = results.get(1).getJsonObject("problem");
    assertThat(statuses(results))
        .containsExactly(201, parts[0].contains("999999999999") ? 404 : 400, 204);
    assertThat(problem.getString("field", null)).as("%s", problem).isEqualTo(parts[1]);
  }

  private void bytesFailByThemselves(String hex, String key) {
    byte[] bad = HexFormat.ofDelimiter(" ").parseHex(hex);
    String bytes = new String(bad, StandardCharsets.ISO_8859_1);
    String put = json("{'op':'put','key':'%s','value':'x'}\n", key);
    String name = json("{'op':'put','key':'%s%s','value':'x'}\n", key, bytes);
    String value = json("{'op':'put','key':'%s','value':'%s'}\n", key, bytes);
    byte[] lines = (put + name + value + put).getBytes(StandardCharsets.ISO_8859_1);
    RawRequest batch = service.post("/v1/batch").header("Content-Type", NDJSON).body(lines);
    List<JsonObject> results = results(expect(200, batch));
    assertThat(statuses(results)).containsExactly(201, 400, 400, 204);
    assertThat(results.get(1).getJsonObject("problem").getString("field")).isEqualTo("line");
    assertThat(keys(expect(200, list(key, "")).json())).containsExactly(key);
  }

  private void areTwoLines(String key, String template) {
    String line = json("{'op':'put','key':'%s','value':'x'}", key);
    assertThat(statuses(batch(template.formatted(line, line)))).containsExactly(201, 204);
  }

  private void lineHasALimit(String key) {
    String put = json("{'op':'put','key':'%s','value':'%s'}", key, "\\u0001".repeat(VALUE_LIMIT));
    String longest = put + " ".repeat(LINE_LIMIT - put.length());
    List<JsonObject> results =
        batch(longest, longest + " ", longest.repeat(3), json("{'op':'get','key':'%s'}", key));
    assertThat(statuses(results)).containsExactly(201, 413, 413, 200);
    JsonObject problem = results.get(1).getJsonObject("problem");
    assertThat(problem.getString("field")).isEqualTo("line");
    assertThat(problem.getInt("limit")).isEqualTo(LINE_LIMIT);
    assertThat(results.get(3).getJsonObject("entry").getInt("version")).isEqualTo(1);
  }

  private void goesLineByLine(String key) throws IOException {
    RawRequest request =
        service
            .post("/v1/batch")
            .header("Content-Type", NDJSON)
            .header("Transfer-Encoding", "chunked")
            .unframed("");
    try (RawConnection connection = request.open()) {
      for (int i = 0; i < 3; i++) {
        String line = json("{'op':'put','key':'%s','value':'x'}\n", key);
        connection.send(
            "%x\r\n%s\r\n".formatted(line.length(), line).getBytes(StandardCharsets.ISO_8859_1));
        if (i == 0) {
          connection.readHead(request.line()).expect(200);
        }
        assertThat(new String(connection.chunk(), StandardCharsets.UTF_8))
            .contains(i == 0 ? "\"status\":201" : "\"status\":204");
      }
      connection.send("0\r\n\r\n".getBytes(StandardCharsets.ISO_8859_1));
    }
  }

  private void exportedIsImported(String key) {
    expect(201, put(key + "/1", "h\u00E9\n\"\\").header("Content-Type", "text/plain"));
    expect(201, service.put(target(key + "/2")).body(new byte[] {0, -1}));
    expect(201, service.put(target(key + "/3") + "?ttl=1h").body(""));
    Answer exported = expect(200, list(key, "").header("Accept", NDJSON));
    expect(200, service.delete("/v1/kv?prefix=" + key));
    assertThat(statuses(batch(exported.text()))).containsExactly(201, 201, 201);
    assertThat(expect(200, list(key, "").header("Accept", NDJSON)).body())
        .isEqualTo(exported.body());
  }
}
