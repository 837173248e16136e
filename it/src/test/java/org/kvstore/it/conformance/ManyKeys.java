package org.kvstore.it.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kvstore.api.ErrorCode.COMPACTED;
import static org.kvstore.api.ErrorCode.NOT_FOUND;
import static org.kvstore.api.ErrorCode.REQUEST_INVALID;
import static org.kvstore.it.support.Service.parameter;
import static org.kvstore.it.support.Service.target;

import jakarta.json.JsonObject;
import jakarta.json.JsonString;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.RawRequest;

final class ManyKeys extends Section {
  ManyKeys(Servers servers, Exchanges exchanges) {
    super(servers, exchanges);
  }

  @Override
  String title() {
    return "3. Many keys: GET /v1/kv";
  }

  @Override
  Stream<DynamicNode> sentences() {
    return Stream.of(queries(), order(), cursors(), replies(), deletes()).flatMap(rows -> rows);
  }

  private Stream<DynamicNode> queries() {
    return Stream.of(
        sentence(
            "Query: `prefix` or `start`/`end` (half open)",
            claim(
                "prefix",
                key -> {
                  store(key, "a", "ab", "b");
                  assertThat(names(key, list(key + "/a", ""))).containsExactly("a", "ab");
                }),
            claim(
                "start and end",
                key -> {
                  store(key, "a", "b", "bb", "c");
                  assertThat(names(key, between(key + "/b", key + "/c")))
                      .containsExactly("b", "bb");
                  assertThat(names(key, between(key + "/c", key + "/b"))).isEmpty();
                }),
            claim(
                "as long as a key, and no longer",
                key -> {
                  expect(200, list("x".repeat(1024), ""));
                  for (String bound : List.of("prefix", "start", "end")) {
                    String query = "/v1/kv?%s=%s".formatted(bound, "x".repeat(1025));
                    refuse(REQUEST_INVALID, bound, service.get(query));
                  }
                }),
            claim(
                "not both",
                key -> refuse(REQUEST_INVALID, "prefix", list(key, "&start=" + parameter(key))))),
        sentence(
            "`limit` (100, at most 1000)",
            claim(
                "100",
                key -> {
                  fill(key, 101);
                  assertThat(page(key, "").getInt("count")).isEqualTo(100);
                }),
            claim(
                "1000",
                key -> {
                  fill(key, 1001);
                  assertThat(page(key, "&limit=1000").getInt("count")).isEqualTo(1000);
                }),
            claim(
                "fewer above 4 MiB",
                key -> {
                  mebibytes(key, 5);
                  JsonObject page = page(key, "");
                  assertThat(page.getInt("count")).isEqualTo(4);
                  assertThat(page(key, "&cursor=" + cursor(page)).getInt("count")).isEqualTo(1);
                }),
            claim(
                "1001",
                key ->
                    assertThat(refuse(REQUEST_INVALID, list(key, "&limit=1001")).getInt("limit"))
                        .isEqualTo(1000)),
            claim("0", key -> refuse(REQUEST_INVALID, "limit", list(key, "&limit=0"))),
            claim("a word", key -> refuse(REQUEST_INVALID, "limit", list(key, "&limit=all")))),
        sentence(
            "`order=asc|desc`",
            claim(
                "both",
                key -> {
                  store(key, "a", "b", "c");
                  assertThat(names(key, list(key, "&order=asc"))).containsExactly("a", "b", "c");
                  assertThat(names(key, list(key, "&order=desc"))).containsExactly("c", "b", "a");
                }),
            claim("another", key -> refuse(REQUEST_INVALID, "order", list(key, "&order=up")))),
        sentence(
            "`keysOnly`, `countOnly`",
            claim(
                "keysOnly",
                key -> {
                  store(key, "a");
                  JsonObject entry = entries(page(key, "&keysOnly=true")).get(0);
                  assertThat(entry).doesNotContainKey("value").containsKey("modRevision");
                }),
            claim(
                "countOnly",
                key -> {
                  fill(key, 150);
                  JsonObject page = page(key, "&countOnly=true");
                  assertThat(page.getInt("count")).isEqualTo(150);
                  assertThat(page).doesNotContainKeys("entries", "cursor");
                })),
        sentence(
            "`delimiter` (folds keys under a common prefix, as S3 does)",
            each(
                List.of("asc", "desc"),
                (order, key) -> {
                  store(key, "a", "b/1", "b/2/x", "c/1", "d");
                  JsonObject page =
                      expect(200, list(key + "/", "&delimiter=/&order=" + order)).json();
                  assertThat(keys(page)).containsExactlyInAnyOrder(key + "/a", key + "/d");
                  List<String> prefixes = new ArrayList<>(List.of(key + "/b/", key + "/c/"));
                  if (order.equals("desc")) {
                    Collections.reverse(prefixes);
                  }
                  assertThat(page.getJsonArray("prefixes").getValuesAs(JsonString::getString))
                      .isEqualTo(prefixes);
                  assertThat(page.getInt("count")).isEqualTo(4);
                })),
        sentence(
            "`revision`",
            claim(
                "the past",
                key -> {
                  store(key, "a", "b");
                  long then = revision(key + "/b");
                  expect(204, delete(key + "/a"));
                  expect(204, put(key + "/b", "new"));
                  JsonObject past = page(key, "&revision=" + then);
                  assertThat(all(entries(past), entry -> entry.getString("value")))
                      .containsExactly("a", "b");
                }),
            claim(
                "compacted",
                key -> {
                  store(key, "a", "b");
                  long then = revision(key + "/a");
                  compact();
                  refuse(COMPACTED, list(key, "&revision=" + then));
                })));
  }

  private Stream<DynamicNode> order() {
    List<String> inOrder =
        List.of("A", "Z", "a", "a!", "a/b", "ab", "\u00E9", "\uFFFD", "\uD83D\uDE00");
    return Stream.of(
        sentence(
            "Order is by unsigned UTF-8 bytes.",
            claim(
                "up and down",
                key -> {
                  store(key, inOrder.stream().sorted().toArray(String[]::new));
                  assertThat(names(key, list(key, ""))).isEqualTo(inOrder);
                  List<String> down = new ArrayList<>(inOrder);
                  Collections.reverse(down);
                  assertThat(names(key, list(key, "&order=desc"))).isEqualTo(down);
                })));
  }

  private Stream<DynamicNode> cursors() {
    return Stream.of(
        sentence(
            "All pages of one listing show one point in time: the cursor pins it.",
            each(
                List.of("asc", "desc"),
                (order, key) -> {
                  fill(key, 5);
                  JsonObject first = page(key, "&limit=2&order=" + order);
                  fill(key, 7);
                  expect(204, delete(key + "0002"));
                  String rest = "&limit=3&order=" + order + "&cursor=" + cursor(first);
                  JsonObject last = page(key, rest);
                  assertThat(all(entries(last), entry -> entry.getInt("version")))
                      .containsExactly(1, 1, 1);
                  assertThat(last.getString("position")).isEqualTo(first.getString("position"));
                })),
        sentence(
            "A cursor whose point has been compacted answers 410.",
            claim(
                "compacted",
                key -> {
                  fill(key, 3);
                  String cursor = cursor(page(key, "&limit=1"));
                  expect(201, put(key + "later", "x"));
                  compact();
                  refuse(COMPACTED, list(key, "&limit=1&cursor=" + cursor));
                })),
        sentence(
            "the cursor: what is not one is 400",
            claim("changed in any place", this::changedCursorsReadNothingElse),
            claim("cut short or made longer", this::otherLengthsReadNothingElse),
            claim("of another listing", this::cursorsAreOfOneListing)));
  }

  private Stream<DynamicNode> replies() {
    return Stream.of(
        sentence(
            "Reply: `{\"entries\":[{\"key\",\"value\"|\"valueBase64\",\"contentType\","
                + "\"createRevision\",\"modRevision\",\"version\",\"expiresAt\",\"lease\"}],"
                + "\"prefixes\":[...],\"count\":n,\"cursor\":\"...\",\"position\":\"...\"}`",
            claim("members of a page", this::pageHasItsMembers),
            claim("members of an entry", this::entryHasItsMembers)),
        sentence(
            "no `cursor` on the last page",
            each(
                List.of(1, 3, 4),
                (limit, key) -> {
                  fill(key, 3);
                  JsonObject page = page(key, "&limit=" + limit);
                  assertThat(page.containsKey("cursor")).isEqualTo(limit < 3);
                })),
        sentence(
            "`Accept: application/x-ndjson` streams the whole range, one §4 `put` line per key",
            claim(
                "more than a page",
                key -> {
                  fill(key, 1100);
                  Answer export = expect(200, list(key, "").header("Accept", NDJSON));
                  assertThat(export.header("Content-Type")).isEqualTo(NDJSON);
                  List<JsonObject> lines = export.text().lines().map(Answer::json).toList();
                  assertThat(all(lines, line -> line.getString("key")))
                      .isEqualTo(
                          IntStream.range(0, 1100)
                              .mapToObj(i -> key + "%04d".formatted(i))
                              .toList());
                  assertThat(all(lines, line -> line.getString("op"))).containsOnly("put");
                })));
  }

  private Stream<DynamicNode> deletes() {
    return Stream.of(
        sentence(
            "`DELETE /v1/kv?prefix=p` (or `start`/`end`, or `all=true`) deletes a range: "
                + "`{\"deleted\":n}`.",
            claim(
                "prefix",
                key -> {
                  store(key, "a", "ab", "b");
                  deletes(2, service.delete("/v1/kv?prefix=" + key + "/a"));
                  assertThat(names(key, list(key, ""))).containsExactly("b");
                }),
            claim(
                "start and end",
                key -> {
                  store(key, "a", "b", "c");
                  deletes(1, service.delete("/v1/kv?start=%1$s/b&end=%1$s/c".formatted(key)));
                  assertThat(names(key, list(key, ""))).containsExactly("a", "c");
                }),
            claim(
                "all, in several revisions",
                key -> {
                  for (int i = 0; i < 5; i++) {
                    expect(201, servers.small().put(target(key + i)).body("x"));
                  }
                  Answer deleted = expect(200, servers.small().delete("/v1/kv?all=true"));
                  assertThat(deleted.json().getInt("deleted")).isGreaterThanOrEqualTo(5);
                  refuse(NOT_FOUND, servers.small().get(target(key + 4)));
                })),
        sentence(
            "Without a range: 400.",
            each(
                List.of("", "?prefix=", "?all=false", "?all=true&prefix=x", "?limit=1"),
                (query, key) -> refuse(REQUEST_INVALID, service.delete("/v1/kv" + query)))));
  }

  private void store(String key, String... names) {
    for (String name : names) {
      expect(201, put(key + "/" + name, name));
    }
  }

  private List<String> names(String key, RawRequest listing) {
    return keys(expect(200, listing).json()).stream()
        .map(listed -> listed.substring(key.length() + 1))
        .toList();
  }

  private RawRequest between(String start, String end) {
    return service.get("/v1/kv?start=%s&end=%s".formatted(start, end));
  }

  private JsonObject page(String prefix, String parameters) {
    return expect(200, list(prefix, parameters)).json();
  }

  private static String cursor(JsonObject page) {
    return page.getString("cursor");
  }

  private void changedCursorsReadNothingElse(String key) {
    fill(key, 3);
    for (String order : List.of("asc", "desc")) {
      for (String cursor : Tokens.changed(cursor(page(key, "&limit=1&order=" + order)))) {
        readsNothingElse(key, "&order=" + order, cursor);
      }
    }
  }

  private void otherLengthsReadNothingElse(String key) {
    fill(key, 3);
    for (String cursor : Tokens.resized(cursor(page(key, "&limit=1")))) {
      readsNothingElse(key, "", cursor);
    }
  }

  /** A refusal, or some of the keys of the range that the request itself names. */
  private void readsNothingElse(String key, String parameters, String cursor) {
    Answer answer = send(list(key, parameters + "&cursor=" + parameter(cursor)));
    assertThat(answer.status()).as("%s", answer).isIn(200, 400, 410);
    if (answer.status() == 200) {
      assertThat(keys(answer.json())).isSubsetOf(key + "0000", key + "0001", key + "0002");
    }
    if (answer.status() == 400) {
      assertThat(answer.json().getString("field")).as("%s", answer).isEqualTo("cursor");
    }
  }

  private void cursorsAreOfOneListing(String key) {
    fill(key, 3);
    String cursor = "&cursor=" + cursor(page(key, "&limit=1"));
    long revision = revision(key + "0002");
    List<RawRequest> others =
        List.of(
            list(key, "&order=desc" + cursor),
            list(key, "&delimiter=/" + cursor),
            list(key, "&revision=" + revision + cursor),
            list(key + "0", cursor),
            service.get("/v1/kv?" + cursor.substring(1)),
            service.get("/v1/kv?start=" + key + cursor),
            service.get("/v1/kv?end=" + key + cursor),
            service.get(historyOf(key) + "?" + cursor.substring(1)),
            list(key, "&cursor=" + page(key, "").getString("position")));
    others.forEach(other -> refuse(REQUEST_INVALID, "cursor", other));
  }

  private void pageHasItsMembers(String key) {
    store(key, "a/b", "c", "d");
    JsonObject page = expect(200, list(key + "/", "&delimiter=/&limit=2")).json();
    assertThat(page).containsOnlyKeys("entries", "prefixes", "count", "cursor", "position");
    assertThat(page.getInt("count")).isEqualTo(2);
    assertThat(page.getString("position")).matches("[A-Za-z0-9._~-]+");
  }

  private void entryHasItsMembers(String key) {
    String lease = grant("1h");
    expect(201, service.put(target(key + "/1") + "?ttl=1h").body("x"));
    expect(201, service.put(target(key + "/2") + "?lease=" + lease).body(new byte[] {-1}));
    List<JsonObject> entries = entries(page(key, ""));
    String always = "key contentType createRevision modRevision version ";
    assertThat(entries.get(0)).containsOnlyKeys((always + "value expiresAt").split(" "));
    assertThat(entries.get(1)).containsOnlyKeys((always + "valueBase64 lease").split(" "));
    assertThat(entries.get(1).getString("lease")).isEqualTo(lease);
  }

  private void deletes(int count, RawRequest request) {
    JsonObject deleted = expect(200, request).json();
    assertThat(deleted).containsOnlyKeys("deleted");
    assertThat(deleted.getInt("deleted")).isEqualTo(count);
  }
}
