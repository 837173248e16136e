package org.kvstore.it.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.kvstore.api.ErrorCode.COMPACTED;
import static org.kvstore.api.ErrorCode.METHOD_NOT_ALLOWED;
import static org.kvstore.api.ErrorCode.REQUEST_INVALID;
import static org.kvstore.it.support.Service.parameter;
import static org.kvstore.it.support.Service.target;

import jakarta.json.JsonObject;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.RawRequest;

final class History extends Section {
  History(Servers servers, Exchanges exchanges) {
    super(servers, exchanges);
  }

  @Override
  String title() {
    return "8. History: GET /v1/history/{key}";
  }

  @Override
  Stream<DynamicNode> sentences() {
    return Stream.of(
        sentence(
            "The retained versions, newest first",
            claim(
                "deletes among them",
                key -> {
                  write(key, 2);
                  expect(204, delete(key));
                  expect(201, put(key, "again"));
                  assertThat(all(versions(key, ""), History::shown))
                      .containsExactly("again", "deleted", "1", "0");
                }),
            claim(
                "members of a version",
                key -> {
                  write(key, 1);
                  JsonObject version = versions(key, "").get(0);
                  assertThat(version).containsOnlyKeys("type", "entry", "reason", "time");
                  assertThat(version.getJsonObject("entry"))
                      .isEqualTo(entries(expect(200, list(key, "")).json()).get(0));
                }),
            claim("of a key that never was", key -> assertThat(versions(key, "")).isEmpty()),
            claim(
                "another method",
                key -> refuse(METHOD_NOT_ALLOWED, post(historyOf(key), JSON, "")))),
        sentence("paged.", each(List.of(1, 2, 5, 6), this::isPaged)),
        sentence(
            "paged: `limit`, at most 1000",
            claim("1000", key -> expect(200, page(key, "?limit=1000"))),
            claim(
                "1001",
                key ->
                    assertThat(refuse(REQUEST_INVALID, page(key, "?limit=1001")).getInt("limit"))
                        .isEqualTo(1000)),
            claim("0", key -> refuse(REQUEST_INVALID, "limit", page(key, "?limit=0")))),
        sentence(
            "paged: a cursor that is none is 400",
            claim(
                "changed in any place",
                key -> {
                  write(key, 3);
                  for (String cursor : Tokens.changed(cursor(key))) {
                    readsNothingElse(key, cursor);
                  }
                }),
            claim(
                "cut short or made longer",
                key -> {
                  write(key, 3);
                  for (String cursor : Tokens.resized(cursor(key))) {
                    readsNothingElse(key, cursor);
                  }
                }),
            claim(
                "of another key",
                key -> {
                  write(key, 2);
                  write(key + "/other", 2);
                  refuse(REQUEST_INVALID, "cursor", page(key + "/other", "?cursor=" + cursor(key)));
                }),
            claim(
                "of a listing",
                key -> {
                  fill(key, 2);
                  String cursor = expect(200, list(key, "&limit=1")).json().getString("cursor");
                  refuse(REQUEST_INVALID, "cursor", page(key, "?cursor=" + cursor));
                })),
        sentence(
            "Retention is on by default, by age and by count (`kv.history.max-age`, "
                + "`kv.history.max-revisions`), and compacts by itself.",
            claim("by count", this::compactsByItself)),
        sentence(
            "The retained versions",
            claim(
                "after a compaction",
                key -> {
                  write(key, 3);
                  String cursor = cursor(key);
                  long oldest = compact();
                  assertThat(oldest).isEqualTo(revision(key));
                  await().until(() -> versions(key, "").size() == 1);
                  assertThat(shown(versions(key, "").get(0))).isEqualTo("2");
                  Answer rest = send(page(key, "?cursor=" + cursor));
                  assertThat(rest.status()).isIn(200, 410);
                })));
  }

  private void write(String key, int versions) {
    for (int i = 0; i < versions; i++) {
      send(put(key, "" + i));
    }
  }

  private RawRequest page(String key, String query) {
    return service.get(historyOf(key) + query);
  }

  private List<JsonObject> versions(String key, String query) {
    return versions(expect(200, page(key, query)).json());
  }

  private static List<JsonObject> versions(JsonObject page) {
    return page.getJsonArray("versions").getValuesAs(JsonObject.class);
  }

  private String cursor(String key) {
    return expect(200, page(key, "?limit=1")).json().getString("cursor");
  }

  private static String shown(JsonObject version) {
    return version.getString("type").equals("delete")
        ? "deleted"
        : version.getJsonObject("entry").getString("value");
  }

  private void isPaged(int limit, String key) {
    write(key, 5);
    List<String> seen = new ArrayList<>();
    String query = "?limit=" + limit;
    JsonObject page = expect(200, page(key, query)).json();
    seen.addAll(all(versions(page), History::shown));
    while (page.containsKey("cursor")) {
      page = expect(200, page(key, query + "&cursor=" + page.getString("cursor"))).json();
      seen.addAll(all(versions(page), History::shown));
    }
    assertThat(seen).containsExactly("4", "3", "2", "1", "0");
  }

  /** A refusal, or some of the versions of the key that the request itself names. */
  private void readsNothingElse(String key, String cursor) {
    Answer answer = send(page(key, "?cursor=" + parameter(cursor)));
    assertThat(answer.status()).as("%s", answer).isIn(200, 400, 410);
    if (answer.status() == 200) {
      assertThat(versions(answer.json()))
          .allMatch(version -> version.getJsonObject("entry").getString("key").equals(key));
    }
  }

  private void compactsByItself(String key) {
    String at = target(key);
    long first = servers.small().put(at).body("0").send().revision();
    for (int i = 1; i < 60; i++) {
      RawRequest put = servers.small().put(at).body("" + i);
      // It has room for few writes, of which it makes some by itself.
      await().pollDelay(Duration.ZERO).until(() -> put.send().status() == 204);
    }
    await()
        .until(
            () -> {
              Answer history = servers.small().get(historyOf(key)).send().expect(200);
              return versions(history.json()).size() <= 21;
            });
    refuse(COMPACTED, servers.small().get(at + "?revision=" + first));
    assertThat(expect(200, servers.small().get(at)).text()).isEqualTo("59");
  }
}
