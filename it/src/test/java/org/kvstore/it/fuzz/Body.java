package org.kvstore.it.fuzz;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Draws bodies: sound ones for their endpoint, and what chance makes of them. */
final class Body {
  private static final int LARGE = (1 << 20) + 100_000;

  private static final List<String> PUTS =
      List.of(
          "{\"op\":\"put\",\"key\":\"fuzz/1\",\"value\":\"x\"}",
          "{\"op\":\"put\",\"key\":\"fuzz/2\",\"valueBase64\":\"AP8=\",\"contentType\":\"a/b\"}",
          "{\"op\":\"put\",\"key\":\"fuzz/3\",\"value\":\"\\ud83d\\ude00\",\"ttl\":\"1h\"}",
          "{\"op\":\"put\",\"key\":\"fuzz/4\",\"value\":\"\",\"ifNoneMatch\":\"*\"}",
          "{\"op\":\"put\",\"key\":\"fuzz/5\",\"value\":\"x\",\"ifMatch\":\"\\\"1\\\"\"}",
          "{\"op\":\"put\",\"key\":\"fuzz/6\",\"value\":\"x\",\"lease\":\"1\"}",
          "{\"op\":\"put\",\"key\":\"fuzz/7\",\"value\":\"x\","
              + "\"expiresAt\":\"2100-01-01T00:00:00Z\"}",
          "{\"op\":\"get\",\"key\":\"fuzz/1\"}",
          "{\"op\":\"delete\",\"key\":\"fuzz/1\"}");

  private static final List<String> TRANSACTIONS =
      List.of(
          "{\"then\":[{\"op\":\"put\",\"key\":\"fuzz/1\",\"value\":\"x\"}]}",
          "{\"compare\":[{\"key\":\"fuzz/1\",\"target\":\"version\",\"op\":\"=\",\"value\":0}],"
              + "\"then\":[{\"op\":\"put\",\"key\":\"fuzz/1\",\"value\":\"x\"},"
              + "{\"op\":\"delete\",\"key\":\"fuzz/2\"}],"
              + "\"else\":[{\"op\":\"get\",\"key\":\"fuzz/1\"},"
              + "{\"op\":\"list\",\"prefix\":\"fuzz/\",\"limit\":3}]}",
          "{\"compare\":[{\"key\":\"fuzz/1\",\"target\":\"value\",\"op\":\">\",\"value\":\"a\"},"
              + "{\"key\":\"fuzz/2\",\"target\":\"lease\",\"op\":\"!=\",\"value\":1}],\"else\":[]}",
          "{}");

  private static final Map<String, List<String>> SOUND =
      Map.of(
          "/v1/txn", TRANSACTIONS,
          "/v1/leases", List.of("{\"ttl\":\"1s\"}", "{\"ttl\":\"24h\"}", "{\"ttl\":\"PT2S\"}"),
          "/v1/batch", PUTS,
          "/v1/admin/tokens",
              List.of(
                  "{\"subject\":\"a\"}", "{\"subject\":\"b\",\"groups\":[\"c\"],\"ttl\":\"1s\"}"),
          "/v1/admin/grants",
              List.of(
                  "{\"subject\":\"a\",\"prefix\":\"fuzz/\",\"permission\":\"read\"}",
                  "{\"group\":\"c\",\"prefix\":\"\",\"permission\":\"admin\"}"),
          "/v1/admin/cluster/nodes", List.of("{\"id\":\"n4\",\"raftAddress\":\"127.0.0.1:1\"}"),
          "/put", List.of("{\"key\":\"fuzz/1\",\"value\":\"x\"}", "key=fuzz%2F1&value=x"),
          "/v1/kv/{key}",
              List.of(
                  "{\"by\":1}",
                  "{\"by\":0.5}",
                  "{\"a\":{\"b\":[1,2,null]}}",
                  "[{\"op\":\"add\",\"path\":\"/a\",\"value\":1},"
                      + "{\"op\":\"test\",\"path\":\"/a\",\"value\":1}]",
                  "[{\"op\":\"move\",\"from\":\"/a\",\"path\":\"/b/-\"}]",
                  "1",
                  "x"));

  private static final List<String> FRAGMENTS =
      List.of(
          "\"",
          "{",
          "}",
          "[",
          "]",
          ",",
          ":",
          "null",
          "true",
          "-",
          "1e400",
          "1E-999999999",
          "\\u0000",
          "\\ud800",
          "\u0000",
          "\ufeff",
          "\n",
          "\r\n",
          "//",
          "/*",
          "NaN",
          "9".repeat(400),
          "\"key\":\"fuzz/9\",",
          "\\",
          "\\x",
          "\u2028",
          "0.".concat("0".repeat(2_000)),
          "key=",
          "&",
          "%",
          "%ff",
          "=",
          "\"op\":\"list\",",
          "/../",
          "~2",
          "..");

  private final Draw draw;

  Body(Draw draw) {
    this.draw = draw;
  }

  byte[] of(Endpoint endpoint) {
    if (draw.oneIn(400)) {
      return "x".repeat(LARGE).getBytes(StandardCharsets.US_ASCII);
    }
    if (draw.oneIn(60)) {
      return deep();
    }
    byte[] body = utf8(sound(endpoint));
    for (int changes = draw.oneIn(3) ? 0 : draw.below(4); changes > 0; changes--) {
      body = changed(body);
    }
    return body;
  }

  private String sound(Endpoint endpoint) {
    List<String> choices = SOUND.getOrDefault(endpoint.path(), List.of("", "x", "{}"));
    if (!endpoint.path().equals("/v1/batch")) {
      return draw.of(choices);
    }
    StringBuilder lines = new StringBuilder();
    for (int i = draw.below(5); i >= 0; i--) {
      lines.append(draw.of(choices)).append(draw.oneIn(10) ? "\r\n" : "\n");
    }
    return lines.toString();
  }

  private byte[] deep() {
    String opening = draw.of(List.of("[", "{\"a\":", "{\"then\":[", "[[{\"op\":"));
    return utf8(opening.repeat(draw.of(List.of(10, 999, 1_001, 20_000))));
  }

  private byte[] changed(byte[] body) {
    int at = draw.below(body.length + 1);
    return switch (draw.below(6)) {
      case 0 -> Arrays.copyOf(body, at);
      case 1 -> joined(Arrays.copyOf(body, at), utf8(draw.of(FRAGMENTS)), tail(body, at));
      case 2 -> joined(Arrays.copyOf(body, at), draw.bytes(1 + draw.below(8)), tail(body, at));
      case 3 -> joined(body, tail(body, at));
      case 4 -> joined(Arrays.copyOf(body, at), tail(body, Math.min(body.length, at + 3)));
      default -> flipped(body);
    };
  }

  private byte[] flipped(byte[] body) {
    byte[] flipped = body.clone();
    if (body.length > 0) {
      flipped[draw.below(body.length)] ^= (byte) (1 << draw.below(8));
    }
    return flipped;
  }

  private static byte[] tail(byte[] body, int from) {
    return Arrays.copyOfRange(body, from, body.length);
  }

  private static byte[] joined(byte[]... parts) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      all.writeBytes(part);
    }
    return all.toByteArray();
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
