package org.kvstore.it.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kvstore.api.ErrorCode.COMPACTED;
import static org.kvstore.api.ErrorCode.NOT_FOUND;
import static org.kvstore.api.ErrorCode.PATCH_FAILED;
import static org.kvstore.api.ErrorCode.REQUEST_INVALID;
import static org.kvstore.api.ErrorCode.TOO_LARGE;
import static org.kvstore.api.ErrorCode.UNSUPPORTED_MEDIA_TYPE;
import static org.kvstore.api.MediaTypes.INCREMENT;
import static org.kvstore.api.MediaTypes.JSON_PATCH;
import static org.kvstore.api.MediaTypes.MERGE_PATCH;
import static org.kvstore.it.support.Service.target;

import jakarta.json.JsonObject;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.RawRequest;

final class OneKey extends Section {
  OneKey(Servers servers, Exchanges exchanges) {
    super(servers, exchanges);
  }

  @Override
  String title() {
    return "2. One key: the calls";
  }

  @Override
  Stream<DynamicNode> sentences() {
    return Stream.of(puts(), gets(), deletes(), patches()).flatMap(rows -> rows);
  }

  private Stream<DynamicNode> puts() {
    return Stream.of(
        sentence(
            "`PUT` body = value | creates or replaces | 201 + Location (created), 204 (replaced), "
                + "with ETag",
            claim(
                "created",
                key -> {
                  Answer created = expect(201, put(key, "x"));
                  assertThat(created.header("Location")).isEqualTo(target(key));
                  assertThat(created.etag()).isEqualTo(expect(200, get(key)).etag());
                }),
            claim(
                "replaced",
                key -> {
                  String first = expect(201, put(key, "x")).etag();
                  Answer replaced = expect(204, put(key, "y"));
                  assertThat(replaced.findHeader("Location")).isEmpty();
                  assertThat(replaced.etag())
                      .isNotEqualTo(first)
                      .isEqualTo(expect(200, get(key)).etag());
                })),
        sentence(
            "`?ttl=30s` (or ISO-8601)",
            each(List.of("500ms", "30s", "10m", "2h", "36500d", "PT30S", "P1D"), this::expires)),
        sentence(
            "`?ttl=30s` (or ISO-8601): nothing else",
            each(
                List.of("", "0s", "-1s", "30", "soon", "P", "-PT1S", "36501d", "1s&ttl=2s"),
                (ttl, key) ->
                    refuse(
                        REQUEST_INVALID,
                        "ttl",
                        service.put(target(key) + "?ttl=" + ttl).body("")))),
        sentence(
            "or `?lease=ID`",
            claim(
                "hangs on it",
                key -> {
                  String lease = grant("1h");
                  expect(201, service.put(target(key) + "?lease=" + lease).body("x"));
                  assertThat(expect(200, get(key)).header("KV-Lease")).isEqualTo(lease);
                }),
            claim(
                "a lease that is gone",
                key ->
                    refuse(
                        NOT_FOUND,
                        "lease",
                        service.put(target(key) + "?lease=999999999999").body("x")))),
        sentence(
            "a plain replace clears an earlier TTL unless `?keepTtl=true`",
            claim(
                "plain",
                key -> {
                  expect(201, service.put(target(key) + "?ttl=1h").body("x"));
                  expect(204, put(key, "y"));
                  assertThat(expect(200, get(key)).findHeader("KV-Expires-At")).isEmpty();
                }),
            claim(
                "keepTtl=true",
                key -> {
                  Answer first = expect(201, service.put(target(key) + "?ttl=1h").body("x"));
                  expect(204, service.put(target(key) + "?keepTtl=true").body("y"));
                  assertThat(expect(200, get(key)).header("KV-Expires-At"))
                      .isEqualTo(first.header("KV-Expires-At"));
                })));
  }

  private Stream<DynamicNode> gets() {
    return Stream.of(
        sentence(
            "`GET`, `HEAD` | the raw value and its Content-Type | 200, 304, 404",
            each(List.of("GET", "HEAD"), this::isRead)),
        sentence(
            "`Range` need not be served",
            claim(
                "the whole value, or the part that it says",
                key -> {
                  expect(201, put(key, "0123456789"));
                  Answer read = send(get(key).header("Range", "bytes=2-4"));
                  assertThat(read.text()).isEqualTo(read.status() == 206 ? "234" : "0123456789");
                  assertThat(read.status()).isIn(200, 206);
                })),
        sentence(
            "`?revision=N` reads history | 410 (compacted)",
            claim(
                "each version",
                key -> {
                  long first = expect(201, put(key, "one")).revision();
                  long second = expect(204, put(key, "two")).revision();
                  expect(204, delete(key));
                  assertThat(expect(200, at(key, first)).text()).isEqualTo("one");
                  assertThat(expect(200, at(key, second)).etag()).isEqualTo("\"" + second + "\"");
                  refuse(NOT_FOUND, at(key, first - 1));
                }),
            claim(
                "compacted",
                key -> {
                  long first = expect(201, put(key, "one")).revision();
                  expect(204, put(key, "two"));
                  long oldest = compact();
                  assertThat(refuse(COMPACTED, at(key, first)).getInt("limit"))
                      .isEqualTo((int) oldest);
                  assertThat(expect(200, at(key, oldest)).text()).isEqualTo("two");
                }),
            claim(
                "the future",
                key -> refuse(REQUEST_INVALID, "revision", at(key, 999_999_999_999L)))));
  }

  private Stream<DynamicNode> deletes() {
    return Stream.of(
        sentence(
            "`DELETE` | deletes | 204, 404",
            claim(
                "once",
                key -> {
                  expect(201, put(key, "x"));
                  expect(204, delete(key));
                  refuse(NOT_FOUND, get(key));
                  refuse(NOT_FOUND, delete(key));
                })));
  }

  private Stream<DynamicNode> patches() {
    return Stream.of(
        sentence(
            "`PATCH` | `application/json-patch+json`, `application/merge-patch+json` on JSON "
                + "values | 200 + new value",
            claim(
                "JSON Patch",
                key -> {
                  expect(201, put(key, "{\"a\":1}").header("Content-Type", JSON));
                  String patch = json("[{'op':'replace','path':'/a','value':[2]}]");
                  Answer patched = expect(200, patch(key, JSON_PATCH, patch));
                  assertThat(patched.text()).isEqualTo("{\"a\":[2]}");
                  assertThat(patched.header("Content-Type")).isEqualTo(JSON);
                  assertThat(expect(200, get(key)).etag()).isEqualTo(patched.etag());
                }),
            claim(
                "merge patch",
                key -> {
                  expect(201, put(key, "{\"a\":1,\"b\":2}"));
                  assertThat(expect(200, patch(key, MERGE_PATCH, json("{'a':null}"))).text())
                      .isEqualTo("{\"b\":2}");
                }),
            claim(
                "128 operations",
                key -> {
                  expect(201, put(key, "[]"));
                  expect(200, patch(key, JSON_PATCH, additions(128)));
                  JsonObject problem =
                      refuse(REQUEST_INVALID, patch(key, JSON_PATCH, additions(129)));
                  assertThat(problem.getInt("limit")).isEqualTo(128);
                }),
            claim("a new value of N bytes and of one more", this::patchedValueHasALimit)),
        sentence(
            "`application/vnd.kvstore.increment+json` `{\"by\":n}` on decimal values (missing = 0)",
            each(
                List.of(
                    " | 2 | 2",
                    " | -2.50 | -2.50",
                    "9223372036854775807 | 1 | 9223372036854775808",
                    "-9223372036854775808 | -1 | -9223372036854775809",
                    "0.1 | 0.2 | 0.3",
                    "1 | -1 | 0",
                    "9".repeat(40) + " | -1 | " + "9".repeat(39) + "8"),
                this::isAdded)),
        sentence(
            "404, 415, 422",
            claim("404, JSON Patch", key -> refuse(NOT_FOUND, patch(key, JSON_PATCH, "[]"))),
            claim("404, merge patch", key -> refuse(NOT_FOUND, patch(key, MERGE_PATCH, "{}"))),
            claim(
                "415",
                key ->
                    refuse(UNSUPPORTED_MEDIA_TYPE, "Content-Type", patch(key, JSON, "{\"by\":1}"))),
            claim(
                "415, without a type",
                key ->
                    refuse(
                        UNSUPPORTED_MEDIA_TYPE,
                        "Content-Type",
                        service.request("PATCH", target(key)).body("{}")))),
        sentence("422: the patch does not fit the value", each(UNFIT, this::doesNotFit)),
        sentence(
            "400: the patch is malformed", each(MalformedPatches.ALL, this::isRefusedUnchanged)));
  }

  /** Media type, patch and the value that it does not fit. */
  private static final List<String> UNFIT =
      List.of(
          INCREMENT + " | {'by':1} | ten",
          INCREMENT + " | {'by':1} | 1e5",
          INCREMENT + " | {'by':1} |  ",
          INCREMENT + " | {'by':1} | " + "9".repeat(40),
          JSON_PATCH + " | [{'op':'test','path':'/a','value':2}] | {'a':1}",
          JSON_PATCH + " | [{'op':'remove','path':'/b'}] | {'a':1}",
          JSON_PATCH + " | [{'op':'add','path':'/b/c','value':1}] | {'a':1}",
          JSON_PATCH + " | [{'op':'add','path':'/9','value':1}] | [1]",
          JSON_PATCH + " | [{'op':'replace','path':'','value':1}] | 'text'",
          JSON_PATCH + " | [] | no JSON",
          MERGE_PATCH + " | {'a':1} | no JSON",
          MERGE_PATCH + " | {'a':1} | {'a':1} {}");

  private static String additions(int count) {
    return json("[" + "{'op':'add','path':'/-','value':1},".repeat(count) + "]").replace(",]", "]");
  }

  private void patchedValueHasALimit(String key) {
    String text = "x".repeat(VALUE_LIMIT / 2);
    expect(201, put(key, json("{'a':'%s'}", text)));
    String rest = "x".repeat(VALUE_LIMIT - text.length() - "{'a':'','b':''}".length());
    String before = expect(200, get(key)).etag();
    JsonObject refusal = refuse(TOO_LARGE, patch(key, MERGE_PATCH, json("{'b':'%s'}", rest + "x")));
    assertThat(refusal.getInt("limit")).isEqualTo(VALUE_LIMIT);
    assertThat(refusal.getString("field")).isEqualTo("value");
    assertThat(expect(200, get(key)).etag()).isEqualTo(before);
    assertThat(expect(200, patch(key, MERGE_PATCH, json("{'b':'%s'}", rest))).body())
        .hasSize(VALUE_LIMIT);
  }

  private void expires(String ttl, String key) {
    Instant before = Instant.now();
    Answer put = expect(201, service.put(target(key) + "?ttl=" + ttl).body("x"));
    Duration left =
        ttl.equals("36500d")
            ? Duration.ofDays(36_500)
            : Duration.parse(
                Map.of("500ms", "PT0.5S", "30s", "PT30S", "10m", "PT10M", "2h", "PT2H")
                    .getOrDefault(ttl, ttl));
    assertThat(Instant.parse(put.header("KV-Expires-At")))
        .isBetween(before.plus(left).minusMillis(1), Instant.now().plus(left));
  }

  private void isRead(String method, String key) {
    expect(404, service.request(method, target(key)));
    String etag = expect(201, put(key, "value").header("Content-Type", "text/css")).etag();
    Answer read = expect(200, service.request(method, target(key)));
    assertThat(read.text()).isEqualTo(method.equals("GET") ? "value" : "");
    assertThat(read.header("Content-Type")).isEqualTo("text/css");
    assertThat(read.header("Content-Length")).isEqualTo("5");
    Answer known = expect(304, service.request(method, target(key)).header("If-None-Match", etag));
    assertThat(known.etag()).isEqualTo(etag);
    assertThat(known.body()).isEmpty();
  }

  private RawRequest at(String key, long revision) {
    return service.get(target(key) + "?revision=" + revision);
  }

  private void isAdded(String row, String key) {
    String[] parts = row.split(" \\| ", -1);
    if (!parts[0].isBlank()) {
      expect(201, put(key, parts[0]));
    }
    Answer sum = expect(200, patch(key, INCREMENT, json("{'by':%s}", parts[1])));
    assertThat(sum.text()).isEqualTo(parts[2]);
    assertThat(expect(200, get(key)).text()).isEqualTo(parts[2]);
  }

  private void doesNotFit(String row, String key) {
    String[] parts = row.replace('\'', '"').split(" \\| ", -1);
    expect(201, put(key, parts[2]));
    refuse(PATCH_FAILED, "body", patch(key, parts[0], parts[1]));
    assertThat(expect(200, get(key)).text()).isEqualTo(parts[2]);
  }

  private void isRefusedUnchanged(String row, String key) {
    String[] parts = row.replace('\'', '"').split(" \\| ", -1);
    String before = parts[0].equals(INCREMENT) ? "1" : "{\"a\":[1]}";
    expect(201, put(key, before));
    refuse(REQUEST_INVALID, "body", patch(key, parts[0], parts[1]));
    assertThat(expect(200, get(key)).text()).isEqualTo(before);
  }
}
