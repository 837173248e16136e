package org.kvstore.it.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kvstore.api.ErrorCode.KEY_INVALID;
import static org.kvstore.api.ErrorCode.NOT_FOUND;
import static org.kvstore.api.ErrorCode.REQUEST_INVALID;
import static org.kvstore.api.ErrorCode.TOO_LARGE;
import static org.kvstore.it.support.Service.parameter;
import static org.kvstore.it.support.Service.target;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.kvstore.api.MediaTypes;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.EventStream;
import org.kvstore.it.support.RawRequest;

final class KeysAndValues extends Section {
  private static final int KEY_LIMIT = 1024;
  private static final byte[] NO_TEXT = {0, (byte) 0xFF, (byte) 0xC3};

  private static final List<String> AWKWARD =
      List.of(
          "with space",
          "%41",
          "%2F",
          "a+b",
          "a;b=c",
          "what?really#not",
          "\"quoted\" 'twice' `thrice`",
          "back\\slash",
          "a&b=c",
          "<script>{[|^]}</script>",
          "..a/a../...",
          "WEB-INF/web.xml",
          "\uD83D\uDE00 and caf\u00E9 and cafe\u0301",
          "\u200B\uFEFF\uFFFD\uFFFF\uDBFF\uDFFF");

  KeysAndValues(Servers servers, Exchanges exchanges) {
    super(servers, exchanges);
  }

  @Override
  String title() {
    return "1. Keys and values";
  }

  @Override
  Stream<DynamicNode> sentences() {
    return Stream.of(
        sentence(
            "A key is 1..1024 bytes of UTF-8.",
            claim("none", key -> refuse(KEY_INVALID, service.put("/v1/kv/").body("x"))),
            claim("one", key -> assertThat(send(put("~", "x")).status()).isIn(201, 204)),
            claim("1024", key -> expect(201, put(padded(key, KEY_LIMIT), "x"))),
            claim("1025", key -> refuse(KEY_INVALID, put(padded(key, KEY_LIMIT + 1), "x"))),
            claim("1024 in fewer characters", this::keyIsMeasuredInUtf8),
            claim("no UTF-8", key -> refuse(KEY_INVALID, service.get("/v1/kv/%ff")))),
        sentence(
            "No control characters, no `.` or `..` segment, no empty segment (so no leading, "
                + "trailing or doubled `/`).",
            each(
                List.of(
                    "%00",
                    "a%0Ab",
                    "%1F",
                    "%7F",
                    "a%C2%85b",
                    ".",
                    "a/./b",
                    "..",
                    "a/../b",
                    "a/..",
                    "/a",
                    "a/",
                    "a//b"),
                (path, key) -> {
                  refuse(KEY_INVALID, service.get("/v1/kv/" + path));
                  refuse(KEY_INVALID, service.get("/v1/history/" + path));
                })),
        sentence(
            "Anything else is allowed.",
            each(AWKWARD, (name, key) -> expect(201, put(key + name, "x")))),
        sentence(
            "One validator serves every endpoint.",
            each(List.of("a//b", "a/", "..", "\\u0007"), (bad, key) -> isRefusedEverywhere(bad))),
        sentence(
            "Every valid key is addressable on every endpoint and comes back byte for byte.",
            each(AWKWARD, (name, key) -> isTheSameEverywhere(key + name))),
        sentence(
            "a trailing `/`, a `;matrix` part, `%2F`, `%2e%2e` or bad UTF-8 is either the exact "
                + "key or a 400 `KEY_INVALID` problem, never an alias and never an HTML error page",
            each(
                List.of("/", ";m=1", "%2F", "%2Fb", "/%2e%2e", "/%2E", "%FF", "%C0%AF", "%3Bm"),
                this::isExactOrRefused)),
        sentence(
            "A value is 0..N bytes, any bytes",
            claim("none", key -> comesBack(key, new byte[0])),
            claim("each byte", key -> comesBack(key, eachByte())),
            claim("N", key -> comesBack(key, new byte[VALUE_LIMIT])),
            claim("N + 1", key -> isTooLarge(service.put(target(key)).body(tooLarge()))),
            claim(
                "N in chunks",
                key -> {
                  byte[] largest = new byte[VALUE_LIMIT];
                  expect(201, service.put(target(key)).chunked(largest, 10_000));
                  assertThat(expect(200, get(key)).body()).isEqualTo(largest);
                }),
            claim(
                "N + 1 in chunks",
                key -> isTooLarge(service.put(target(key)).chunked(tooLarge(), 10_000)))),
        sentence(
            "with the Content-Type it was stored with (default `application/octet-stream`)",
            claim("given", this::keepsItsType),
            claim(
                "default",
                key -> {
                  expect(201, put(key, "x"));
                  assertThat(expect(200, get(key)).header("Content-Type"))
                      .isEqualTo("application/octet-stream");
                }),
            claim(
                "256 characters",
                key -> expect(201, put(key, "x").header("Content-Type", typeOf(256)))),
            claim(
                "257 characters",
                key ->
                    refuse(
                        REQUEST_INVALID,
                        "Content-Type",
                        put(key, "x").header("Content-Type", typeOf(257)))),
            claim(
                "none",
                key ->
                    refuse(
                        REQUEST_INVALID,
                        "Content-Type",
                        put(key, "x").header("Content-Type", "no")))),
        sentence(
            "N is 1 MiB unless configured (`kv.limits.value-bytes`), measured on decoded bytes.",
            claim("configured", this::isConfigured),
            claim("decoded from base64", key -> isMeasuredDecoded(key, "valueBase64", "AAAA")),
            claim("decoded from JSON", key -> isMeasuredDecoded(key, "value", "\\u0001x\\n")),
            claim("decoded from a form", this::isMeasuredInAForm)),
        sentence(
            "In JSON a value is `\"value\": \"<text>\"` when it is valid UTF-8, else "
                + "`\"valueBase64\": \"...\"`.",
            claim("text", key -> isWritten(key, "h\u00E9".getBytes(StandardCharsets.UTF_8))),
            claim("bytes", key -> isWritten(key, NO_TEXT))),
        sentence(
            "Both are accepted.",
            each(List.of("'value':'GoLang'", "'valueBase64':'R29MYW5n'"), this::isAccepted)));
  }

  private static String padded(String key, int bytes) {
    return key + "/" + "x".repeat(bytes - key.length() - 1);
  }

  private void keyIsMeasuredInUtf8(String key) {
    String longest = key + "\u00E9".repeat((KEY_LIMIT - key.length()) / 2);
    longest += "x".repeat(KEY_LIMIT - longest.getBytes(StandardCharsets.UTF_8).length);
    expect(201, put(longest, "x"));
    refuse(KEY_INVALID, put(longest.replaceFirst("\u00E9", "\u20AC"), "x"));
  }

  private void isRefusedEverywhere(String bad) {
    String path = bad.replace("\\u0007", "%07");
    for (String method : List.of("GET", "PUT", "PATCH", "DELETE")) {
      refuse(KEY_INVALID, service.request(method, "/v1/kv/" + path).body(""));
    }
    refuse(KEY_INVALID, service.get("/v1/history/" + path));
    refuse(KEY_INVALID, "key", service.get("/v1/watch?key=" + path));
    refuse(KEY_INVALID, "key", service.get("/get?key=" + path));
    refuse(KEY_INVALID, "key", service.delete("/delete?key=" + path));
    refuse(KEY_INVALID, "key", post("/put", JSON, json("{'key':'%s','value':''}", bad)));
    refuse(KEY_INVALID, "key", post("/put", FORM, "value=&key=" + path));
    for (String operation : List.of("'put','value':''", "'get'", "'delete'")) {
      JsonObject line = batch(json("{'op':%s,'key':'%s'}", operation, bad)).get(0);
      assertThat(line.getJsonObject("problem").getString("code")).isEqualTo("KEY_INVALID");
      refuse(KEY_INVALID, "key", txn("{'then':[{'op':%s,'key':'%s'}]}", operation, bad));
    }
    refuse(
        KEY_INVALID,
        "key",
        txn("{'compare':[{'key':'%s','target':'version','op':'=','value':0}]}", bad));
  }

  private void isTheSameEverywhere(String key) {
    try (EventStream watch = watch(service.get("/v1/watch?key=" + parameter(key)))) {
      String lease = grant("1h");
      assertThat(
              expect(201, service.put(target(key) + "?lease=" + lease).body("1"))
                  .header("Location"))
          .isEqualTo(target(key));
      assertThat(watch.nextChange().key()).isEqualTo(key);
      JsonObject leased = expect(200, service.get("/v1/leases/" + lease)).json();
      assertThat(leased.getJsonArray("keys").getString(0)).isEqualTo(key);
    }
    assertThat(expect(200, get(key)).text()).isEqualTo("1");
    expect(200, service.request("HEAD", target(key)));
    assertThat(document(key).getString("key")).isEqualTo(key);
    assertThat(keys(expect(200, list(key, "")).json())).containsExactly(key);
    assertThat(exported(key).getString("key")).isEqualTo(key);
    assertThat(newest(key).getString("key")).isEqualTo(key);
    assertThat(expect(200, service.get("/get?key=" + parameter(key))).json().getString("key"))
        .isEqualTo(key);
    String operation =
        Json.createObjectBuilder().add("op", "get").add("key", key).build().toString();
    assertThat(batch(operation).get(0).getJsonObject("entry").getString("key")).isEqualTo(key);
    assertThat(done("[" + operation + "]").getJsonObject("entry").getString("key")).isEqualTo(key);
    expect(200, patch(key, MediaTypes.MERGE_PATCH, "1").header("If-None-Match", "\"0\""));
    expect(204, delete(key));
    refuse(NOT_FOUND, get(key));
  }

  private void isExactOrRefused(String tail, String key) {
    expect(201, put(key, "not this one"));
    for (String at : List.of(target(key), historyOf(key))) {
      Answer read = send(service.get(at + tail));
      assertThat(read.status()).isIn(200, 400, 404);
      assertThat(read.text()).doesNotContain("not this one");
    }
    Answer written = send(service.put(target(key) + tail).body("other"));
    if (written.status() == 201) {
      String exact = parameter(key) + tail;
      assertThat(expect(200, service.get("/get?key=" + exact)).json().getString("value"))
          .isEqualTo("other");
    } else {
      refuse(KEY_INVALID, service.put(target(key) + tail).body("other"));
    }
    assertThat(expect(200, get(key)).text()).isEqualTo("not this one");
  }

  private void comesBack(String key, byte[] value) {
    expect(201, service.put(target(key)).body(value));
    assertThat(expect(200, get(key)).body()).isEqualTo(value);
  }

  private void isTooLarge(RawRequest request) {
    assertThat(refuse(TOO_LARGE, request).getInt("limit")).isEqualTo(VALUE_LIMIT);
  }

  private void keepsItsType(String key) {
    String type = "Text/X-Mine; charset=\"utf-8\"";
    expect(201, put(key, "x").header("Content-Type", type));
    assertThat(expect(200, get(key)).header("Content-Type")).isEqualTo(type);
    assertThat(document(key).getString("contentType")).isEqualTo(type);
    assertThat(exported(key).getString("contentType")).isEqualTo(type);
  }

  private static String typeOf(int length) {
    return "text/" + "x".repeat(length - 5);
  }

  private void isConfigured(String key) {
    RawRequest fits = servers.small().put(target(key)).body(new byte[Servers.VALUE_LIMIT]);
    expect(201, fits);
    RawRequest large = servers.small().put(target(key)).body(new byte[Servers.VALUE_LIMIT + 1]);
    assertThat(refuse(TOO_LARGE, large).getInt("limit")).isEqualTo(Servers.VALUE_LIMIT);
  }

  /** Three bytes, many times over; what is left over up to N is filled with one more unit. */
  private void isMeasuredDecoded(String key, String property, String threeBytes) {
    String fits = threeBytes.repeat(VALUE_LIMIT / 3);
    String put = "{'op':'put','key':'%s','%s':'%s'}".replace('\'', '"');
    String one = property.equals("value") ? "x" : "AA==";
    List<JsonObject> results =
        batch(
            put.formatted(key, property, fits + one),
            put.formatted(key, property, fits + threeBytes));
    assertThat(statuses(results)).containsExactly(201, 413);
    expect(200, post("/v1/txn", JSON, "{\"then\":[" + put.formatted(key, property, fits) + "]}"));
    isTooLarge(
        post(
            "/v1/txn",
            JSON,
            "{\"then\":[" + put.formatted(key, property, fits + threeBytes) + "]}"));
    String pair = "{'key':'%s','%s':'%s'}".replace('\'', '"');
    expect(204, post("/put", JSON, pair.formatted(key, property, fits + one)));
    isTooLarge(post("/put", JSON, pair.formatted(key, property, fits + threeBytes)));
  }

  private void isMeasuredInAForm(String key) {
    String body = "key=" + key + "&value=" + "%01".repeat(VALUE_LIMIT);
    expect(201, post("/put", FORM, body));
    isTooLarge(post("/put", FORM, body + "x"));
  }

  private void isWritten(String key, byte[] value) {
    expect(201, service.put(target(key)).body(value));
    String operations = json("[{'op':'get','key':'%s'}]", key);
    List<JsonObject> documents =
        List.of(
            document(key),
            entries(expect(200, list(key, "")).json()).get(0),
            exported(key),
            newest(key),
            expect(200, service.get("/get?key=" + key)).json(),
            batch(json("{'op':'get','key':'%s'}", key)).get(0).getJsonObject("entry"),
            done(operations).getJsonObject("entry"));
    String text = value == NO_TEXT ? null : new String(value, StandardCharsets.UTF_8);
    String base64 = value == NO_TEXT ? Base64.getEncoder().encodeToString(value) : null;
    for (JsonObject document : documents) {
      assertThat(document.getString("value", null)).as("%s", document).isEqualTo(text);
      assertThat(document.getString("valueBase64", null)).as("%s", document).isEqualTo(base64);
    }
  }

  private void isAccepted(String property, String key) {
    String operation = json("{'op':'put','key':'%s',%s}", key, property);
    assertThat(statuses(batch(operation))).containsExactly(201);
    assertThat(done("[" + operation + "]").getInt("status")).isEqualTo(204);
    expect(204, post("/put", JSON, json("{'key':'%s',%s}", key, property)));
    assertThat(expect(200, get(key)).text()).isEqualTo("GoLang");
    assertThat(expect(200, get(key)).header("KV-Version")).isEqualTo("3");
    String both = json("{'key':'%s','value':'','valueBase64':''}", key);
    refuse(REQUEST_INVALID, "value", post("/put", JSON, both));
  }

  private JsonObject document(String key) {
    return expect(200, get(key).header("Accept", MediaTypes.ENTRY)).json();
  }

  private JsonObject exported(String key) {
    return expect(200, list(key, "").header("Accept", NDJSON)).json();
  }

  private JsonObject newest(String key) {
    return expect(200, history(key))
        .json()
        .getJsonArray("versions")
        .getJsonObject(0)
        .getJsonObject("entry");
  }

  /** The result of the first operation of a transaction. */
  private JsonObject done(String operations) {
    return expect(200, post("/v1/txn", JSON, "{\"then\":" + operations + "}"))
        .json()
        .getJsonArray("results")
        .getJsonObject(0);
  }

  private static byte[] eachByte() {
    byte[] all = new byte[256];
    for (int i = 0; i < all.length; i++) {
      all[i] = (byte) i;
    }
    return all;
  }

  private static byte[] tooLarge() {
    return new byte[VALUE_LIMIT + 1];
  }
}
