package org.kvstore.it.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kvstore.api.ErrorCode.REQUEST_INVALID;

import jakarta.json.JsonObject;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.kvstore.it.support.Answer;

final class Running extends Section {
  Running(Servers servers, Exchanges exchanges) {
    super(servers, exchanges);
  }

  @Override
  String title() {
    return "9. Running it";
  }

  @Override
  Stream<DynamicNode> sentences() {
    return Stream.of(
        sentence(
            "`GET /v1/status`: version, mode, shards, members, revisions, sizes, cache hit ratio, "
                + "uptime.",
            claim("members", this::hasItsMembers),
            claim(
                "the revision is the newest",
                key -> {
                  long revision = expect(201, put(key, "x")).revision();
                  assertThat(shard().getInt("revision")).isEqualTo((int) revision);
                })),
        sentence(
            "`POST /v1/admin/compact`.",
            claim(
                "up to a revision",
                key -> {
                  long revision = expect(201, put(key, "x")).revision();
                  String at = "/v1/admin/compact?revision=" + revision;
                  JsonObject compacted = expect(200, service.post(at)).json();
                  assertThat(compacted).containsOnlyKeys("compactedRevision");
                  assertThat(compacted.getInt("compactedRevision")).isEqualTo((int) revision);
                  assertThat(shard().getInt("compactedRevision")).isEqualTo((int) revision);
                }),
            claim(
                "the present stays",
                key -> {
                  expect(201, put(key, "x"));
                  expect(201, put(key + "/other", "x"));
                  compact();
                  assertThat(expect(200, get(key)).text()).isEqualTo("x");
                }),
            claim(
                "the future",
                key ->
                    refuse(
                        REQUEST_INVALID,
                        "revision",
                        service.post("/v1/admin/compact?revision=999999999999")))),
        sentence(
            "`/health/{started,live,ready}` as MicroProfile defines them.",
            each(
                List.of("started", "live", "ready"),
                (kind, key) -> {
                  JsonObject health = expect(200, service.get("/health/" + kind)).json();
                  assertThat(health.getString("status")).isEqualTo("UP");
                  assertThat(health.getJsonArray("checks")).isNotEmpty();
                })),
        sentence(
            "`/metrics`",
            claim(
                "text",
                key -> {
                  Answer metrics = expect(200, service.get("/metrics"));
                  assertThat(metrics.header("Content-Type")).startsWith("text/plain");
                  assertThat(metrics.text()).contains("# TYPE kvstore_revision");
                })),
        sentence(
            "`/openapi`, `/openapi/ui`",
            claim(
                "YAML",
                key -> assertThat(expect(200, service.get("/openapi")).text()).startsWith("---")),
            claim(
                "JSON",
                key ->
                    assertThat(
                            expect(200, service.get("/openapi").header("Accept", JSON))
                                .json()
                                .getString("openapi"))
                        .startsWith("3.")),
            claim(
                "page",
                key ->
                    assertThat(expect(200, service.get("/openapi/ui/")).header("Content-Type"))
                        .startsWith("text/html"))));
  }

  private JsonObject status() {
    return expect(200, service.get("/v1/status")).json();
  }

  private JsonObject shard() {
    return status().getJsonArray("shards").getJsonObject(0);
  }

  private void hasItsMembers(String key) {
    expect(201, put(key, "x"));
    expect(200, get(key));
    JsonObject status = status();
    assertThat(status)
        .containsKeys(
            "version", "mode", "storeId", "shards", "members", "uptimeSeconds", "storage");
    assertThat(status.getJsonNumber("cacheHitRatio").doubleValue()).isBetween(0.0, 1.0);
    assertThat(status.getString("mode")).isEqualTo("standalone");
    assertThat(shard())
        .containsOnlyKeys("id", "revision", "compactedRevision", "keys", "diskBytes");
  }
}
