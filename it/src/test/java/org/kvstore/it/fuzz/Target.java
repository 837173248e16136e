package org.kvstore.it.fuzz;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Draws request targets. */
final class Target {
  /** Keys that may be written and deleted. */
  static final String PREFIX = "fuzz/";

  private static final int KEYS = 30;

  private static final List<String> ODD_KEYS =
      List.of(
          "",
          "/",
          "a/",
          "/a",
          "a//b",
          ".",
          "..",
          "a/../b",
          "a/./b",
          "%2e%2e",
          "a/%2E%2e/b",
          "%2F",
          "a%2Fb",
          "a%2F",
          "a%2f%2fb",
          "a;b=c",
          ";",
          "a;/b",
          ";/b",
          "a/%3Bx%2Fb",
          "..;x",
          "%3B",
          "%00",
          "%0a",
          "%7f",
          "%80",
          "%ff",
          "%c3%28",
          "%ed%a0%80",
          "%f4%90%80%80",
          "%f0%9f%98%80",
          "%",
          "%4",
          "%zz",
          "a%",
          "a%20b",
          "a+b",
          "a#b",
          "a\\b",
          "a%5cb",
          "~",
          "a:b@c",
          "*",
          "key",
          "a[b]",
          "a{b}",
          "a|b",
          "a%09b",
          "%C0%AF",
          "%252e",
          "a%3Fb",
          "a%23b",
          "a&b=c",
          "WEB-INF",
          "%u0041");

  private static final List<String> PATHS =
      List.of(
          "/",
          "//",
          "/v1",
          "/v1/",
          "/v1/kv;x",
          "/v1//kv",
          "/v1/./kv",
          "/v1/%6bv/a",
          "/V1/kv/a",
          "/v2/kv/a",
          "*",
          "/internal/problem",
          "/v1/held/key",
          "/WEB-INF/web.xml",
          "/%2e%2e/",
          "/health/ready",
          "/health/x",
          "/metrics",
          "/metrics?scope=x",
          "/openapi",
          "/openapi/x",
          "/openapi;x",
          "/ibm/api",
          "/favicon.ico",
          "http://127.0.0.1/v1/kv/a",
          "v1/kv/a",
          "/v1/history",
          "/v1/history/",
          "/v1/leases/",
          "/v1/leases/1/2",
          "/v1/admin",
          "/v1/admin/backup",
          "/v1/admin/checkpoint",
          "/v1/admin/restore",
          "/v1/admin/cluster",
          "/v1/admin/cluster/nodes/",
          "/v1/admin/cluster/nodes/n1/drain/",
          "/put/",
          "/v1/status/",
          "/v1/watch/",
          "/v1/watch;x");

  private static final List<String> ODD_VALUES =
      List.of(
          "",
          "%",
          "%zz",
          "%ff",
          "%00",
          "%0a",
          "-1",
          "0",
          "true",
          "9223372036854775807",
          "9223372036854775808",
          "1e9",
          "null",
          "'",
          "%22",
          "..",
          "a=b",
          "x".repeat(3_000),
          "+",
          "%E2%80%AE",
          "0x10",
          "NaN",
          "1.5",
          "%F0%9F%98%80",
          ";",
          "a;b",
          "AQ",
          "{b}",
          "|",
          "\"",
          "<",
          "^",
          "`",
          "\\",
          "====");

  private static final Map<String, List<String>> VALUES =
      Map.ofEntries(
          Map.entry("limit", List.of("1", "2", "100", "1000", "1001")),
          Map.entry("prefix", List.of("fuzz/", "fuzz/1", "", "a")),
          Map.entry("start", List.of("fuzz/", "fuzz/2", "a")),
          Map.entry("end", List.of("fuzz0", "fuzz/3", "b")),
          Map.entry("delimiter", List.of("/", "1", "//")),
          Map.entry("order", List.of("asc", "desc")),
          Map.entry("revision", List.of("1", "2", "10", "100")),
          Map.entry("ttl", List.of("1s", "500ms", "PT1S", "36500d", "1h")),
          Map.entry("lease", List.of("1", "2", "100")),
          Map.entry("key", List.of("fuzz/1", "fuzz/2", "fuzz%2F3")),
          Map.entry("filter", List.of("put", "delete")),
          Map.entry("keepTtl", List.of("true", "false")),
          Map.entry("keysOnly", List.of("true", "false")),
          Map.entry("countOnly", List.of("true", "false")),
          Map.entry("prev", List.of("true", "false")));

  /** None of them deletes a key without the prefix. */
  private static final List<String> RANGES_TO_DELETE =
      List.of(
          "",
          "?",
          "?prefix=fuzz/",
          "?prefix=fuzz/1",
          "?start=fuzz/&end=fuzz0",
          "?prefix=",
          "?prefix=%ff",
          "?start=",
          "?end=",
          "?all=false",
          "?all=yes",
          "?all=",
          "?all=TRUE",
          "?prefix=fuzz/&limit=1",
          "?prefix=fuzz/&prefix=fuzz/2",
          "?all=true&all=true",
          "?prefix=fuzz/&start=fuzz/",
          "?all=%zz",
          "?prefix=fuzz%2F9",
          "?start=fuzz/5&end=fuzz/2");

  private final Draw draw;
  private final List<String> tokens;

  /**
   * Draws.
   *
   * @param tokens cursors and positions that the server has given out
   */
  Target(Draw draw, List<String> tokens) {
    this.draw = draw;
    this.tokens = tokens;
  }

  /** Whether a request of this method might delete more than it should if it were changed. */
  static boolean isRangeDelete(String method, Endpoint endpoint) {
    return method.equals("DELETE") && endpoint.path().equals("/v1/kv");
  }

  String of(Endpoint endpoint, String method) {
    if (isRangeDelete(method, endpoint)) {
      return endpoint.path() + draw.of(RANGES_TO_DELETE);
    }
    if (draw.oneIn(20)) {
      return draw.of(PATHS);
    }
    String path = endpoint.path().replace("{key}", key()).replace("{id}", id());
    if (draw.oneIn(30)) {
      path += draw.of(List.of("/", ";x=y", "%20", "?", "//", "/..", "%2f", ".", "#x"));
    }
    return path + query(endpoint);
  }

  private String key() {
    if (draw.oneIn(6)) {
      return draw.of(ODD_KEYS);
    }
    if (draw.oneIn(50)) {
      return draw.of(List.of("x", "%41", "%c3%a9", "x/")).repeat(draw.of(List.of(512, 1024, 1025)));
    }
    return plainKey();
  }

  /** A key that needs no escape. */
  String plainKey() {
    return PREFIX + draw.below(KEYS);
  }

  private String id() {
    return draw.oneIn(2) ? Integer.toString(draw.below(300)) : draw.of(ODD_VALUES);
  }

  private String query(Endpoint endpoint) {
    List<String> parameters = new ArrayList<>();
    for (String name : endpoint.query()) {
      if (draw.oneIn(4)) {
        parameters.add(name + "=" + value(name));
      }
    }
    if (draw.oneIn(15)) {
      parameters.add(
          draw.of(List.of("unknown=1", "=", "&", "limit", "%zz=1", "a=%", "Key=a", ";")));
    }
    if (!parameters.isEmpty() && draw.oneIn(20)) {
      parameters.add(parameters.get(0));
    }
    return parameters.isEmpty() ? "" : "?" + String.join("&", parameters);
  }

  private String value(String name) {
    if (draw.oneIn(6)) {
      return draw.of(ODD_VALUES);
    }
    if (name.equals("cursor") || name.equals("from")) {
      return token();
    }
    return draw.of(VALUES.getOrDefault(name, ODD_VALUES));
  }

  private String token() {
    StringBuilder token = new StringBuilder(draw.of(tokens));
    if (draw.oneIn(2)) {
      token.setCharAt(draw.below(token.length()), draw.of(List.of('A', 'z', '_', '-', '%', '9')));
    }
    return token.toString();
  }
}
