package org.kvstore.it.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kvstore.api.ErrorCode.COMPACTED;
import static org.kvstore.api.ErrorCode.NOT_FOUND;
import static org.kvstore.api.ErrorCode.PRECONDITION_FAILED;
import static org.kvstore.api.ErrorCode.REQUEST_INVALID;
import static org.kvstore.api.ErrorCode.UNSUPPORTED_MEDIA_TYPE;
import static org.kvstore.it.support.Service.target;

import jakarta.json.JsonObject;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.RawRequest;
import org.kvstore.it.support.Service;

final class Running extends Section {
  private static final String TAR = "application/x-tar";
  private static final String NODES = "/v1/admin/cluster/nodes";

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
            ofSingle(
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
                  refuse(COMPACTED, service.get(target(key) + "?revision=" + (revision - 1)));
                }),
            ofSingle(
                "up to a revision, which the status shows",
                key -> {
                  long revision = expect(201, put(key, "x")).revision();
                  expect(200, service.post("/v1/admin/compact?revision=" + revision));
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
                        service.post("/v1/admin/compact?revision=999999999999"))),
            claim(
                "a body",
                key ->
                    refuse(REQUEST_INVALID, "body", post("/v1/admin/compact", "text/plain", "7")))),
        sentence(
            "`GET /v1/admin/backup` streams one consistent, checksummed archive while writes go on."
                + " `POST /v1/admin/restore` replaces everything with one; a bad or truncated"
                + " archive changes nothing.",
            ofSingle("there and back", this::backsUpAndRestores),
            ofSingle(
                "a bad archive",
                key -> {
                  refuse(REQUEST_INVALID, "body", post("/v1/admin/restore", TAR, "no archive"));
                  refuse(UNSUPPORTED_MEDIA_TYPE, post("/v1/admin/restore", "text/plain", "x"));
                }),
            ofSingle(
                "a copy on the server's disk",
                key -> {
                  refuse(NOT_FOUND, service.post("/v1/admin/checkpoint"));
                  refuse(REQUEST_INVALID, "body", post("/v1/admin/checkpoint", "text/plain", "x"));
                  JsonObject made =
                      expect(200, servers.small().post("/v1/admin/checkpoint")).json();
                  assertThat(made).containsOnlyKeys("path", "revision");
                })),
        sentence(
            "`GET /v1/cluster`: nodes, shards, leaders, lag, moves; `/v1/admin/cluster/*`: add, "
                + "remove, drain, rebalance. 404 on a single server.",
            servers.isNode()
                ? claim("of a node", this::hasNodes)
                : claim("with a sound request", this::hasNoNodes),
            claim(
                "a node that is named wrongly",
                key -> {
                  refuse(REQUEST_INVALID, "body", post(NODES, JSON, "[]"));
                  refuse(REQUEST_INVALID, "id", post(NODES, JSON, "{}"));
                  String noAddress = json("{'id':'n4','raftAddress':'host4'}");
                  refuse(REQUEST_INVALID, "raftAddress", post(NODES, JSON, noAddress));
                  refuse(UNSUPPORTED_MEDIA_TYPE, post(NODES, "text/plain", "n4=host4:9084"));
                })),
        sentence(
            "`/v1/admin/tokens`: an admin creates, lists, rotates and revokes API tokens. "
                + "`/v1/admin/grants`: grants of `read`, `write`, `admin` on key prefixes.",
            claim("a token over its life", this::makesAndRevokesAToken),
            claim("a grant over its life", this::givesAndTakesAGrant)),
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

  /** Nothing that takes a node away: other rows need them. */
  private void hasNodes(String key) {
    JsonObject cluster = cluster(200, service.get("/v1/cluster"));
    assertThat(cluster.getJsonArray("nodes")).hasSize(3);
    assertThat(cluster.getJsonArray("moves")).isEmpty();
    JsonObject self = self(cluster);
    assertThat(self.getBoolean("alive")).isTrue();
    String member = json("{'id':'%s','raftAddress':'%s'}", id(self), self.getString("raftAddress"));
    cluster(202, post(NODES, JSON, member));
    String drain = NODES + "/" + id(self) + "/drain";
    assertThat(self(cluster(200, service.delete(drain))).getBoolean("drained")).isFalse();
    assertThat(self(cluster(200, service.put(drain))).getBoolean("drained")).isTrue();
    cluster(202, service.post("/v1/admin/cluster/rebalance"));
    refuse(NOT_FOUND, service.delete(NODES + "/n99"));
    refuse(NOT_FOUND, service.put(NODES + "/n99/drain"));
    String elsewhere = json("{'id':'%s','raftAddress':'127.0.0.1:1'}", id(self));
    refuse(PRECONDITION_FAILED, post(NODES, JSON, elsewhere));
  }

  /** An answer that describes the cluster, as the OpenAPI document says. */
  private JsonObject cluster(int status, RawRequest request) {
    Answer answer = expect(status, request);
    assertThat(OpenApi.of(service).faults(answer)).as("%s", answer).isEmpty();
    return answer.json();
  }

  private static String id(JsonObject node) {
    return node.getString("id");
  }

  private static JsonObject self(JsonObject cluster) {
    return cluster.getJsonArray("nodes").getValuesAs(JsonObject.class).stream()
        .filter(node -> node.getBoolean("self"))
        .findFirst()
        .orElseThrow();
  }

  private void hasNoNodes(String key) {
    refuse(NOT_FOUND, service.get("/v1/cluster"));
    refuse(NOT_FOUND, post(NODES, JSON, json("{'id':'n4','raftAddress':'host4:9084'}")));
    refuse(NOT_FOUND, service.delete(NODES + "/n4"));
    refuse(NOT_FOUND, service.put(NODES + "/n4/drain"));
    refuse(NOT_FOUND, service.delete(NODES + "/n4/drain"));
    refuse(NOT_FOUND, service.post("/v1/admin/cluster/rebalance"));
    refuse(REQUEST_INVALID, "body", post("/v1/admin/cluster/rebalance", "text/plain", "x"));
    refuse(REQUEST_INVALID, "x", service.delete(NODES + "/n4?x=1"));
  }

  private void makesAndRevokesAToken(String key) {
    Answer made =
        expect(201, post("/v1/admin/tokens", JSON, "{\"subject\":\"ann\",\"ttl\":\"1h\"}"));
    assertThat(made.json())
        .containsOnlyKeys("id", "subject", "groups", "createdAt", "expiresAt", "token");
    String at = made.header("Location");
    assertThat(expect(200, service.get(at)).json()).doesNotContainKey("token");
    assertThat(expect(200, service.get("/v1/admin/tokens")).json().getJsonArray("tokens"))
        .isNotEmpty();
    assertThat(expect(200, service.post(at + "/rotate?overlap=1m")).json().getString("token"))
        .isNotEqualTo(made.json().getString("token"));
    expect(204, service.delete(at));
    refuse(NOT_FOUND, service.get(at));
    refuse(NOT_FOUND, service.delete(at));
    refuse(NOT_FOUND, service.post(at + "/rotate"));
    refuse(REQUEST_INVALID, "subject", post("/v1/admin/tokens", JSON, "{}"));
  }

  private void givesAndTakesAGrant(String key) {
    String write =
        "{\"group\":\"%1$s\",\"prefix\":\"%1$s/\",\"permission\":\"write\"}".formatted(key);
    Answer given = expect(201, post("/v1/admin/grants", JSON, write));
    assertThat(given.json()).containsOnlyKeys("id", "group", "prefix", "permission");
    expect(200, post("/v1/admin/grants", JSON, write.replace("write", "read")));
    String at = given.header("Location");
    assertThat(expect(200, service.get(at)).json().getString("permission")).isEqualTo("read");
    assertThat(expect(200, service.get("/v1/admin/grants")).json().getJsonArray("grants"))
        .isNotEmpty();
    expect(204, service.delete(at));
    refuse(NOT_FOUND, service.get(at));
    refuse(NOT_FOUND, service.delete(at));
    refuse(
        REQUEST_INVALID,
        "permission",
        post("/v1/admin/grants", JSON, write.replace("write", "own")));
  }

  /** On a server of its own: what others have written must not go. */
  private void backsUpAndRestores(String key) {
    Service small = servers.small();
    long old = expect(201, small.put(target(key)).body("old")).revision();
    byte[] archive = expect(200, small.get("/v1/admin/backup")).body();
    expect(204, small.put(target(key)).body("new"));
    JsonObject restored =
        expect(200, small.post("/v1/admin/restore").header("Content-Type", TAR).body(archive))
            .json();
    assertThat(restored).containsOnlyKeys("revision", "backupRevision", "storeId", "createdAt");
    assertThat(restored.getJsonNumber("backupRevision").longValue()).isEqualTo(old);
    assertThat(restored.getJsonNumber("revision").longValue()).isGreaterThan(old + (1L << 32));
    assertThat(expect(200, small.get(target(key))).text()).isEqualTo("old");
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
    if (servers.isNode()) {
      assertThat(status.getString("mode")).isEqualTo("cluster");
      assertThat(status.getJsonArray("members")).hasSize(3);
      return;
    }
    assertThat(status.getJsonNumber("cacheHitRatio").doubleValue()).isBetween(0.0, 1.0);
    assertThat(status.getString("mode")).isEqualTo("standalone");
    assertThat(shard())
        .containsOnlyKeys("id", "revision", "compactedRevision", "keys", "diskBytes");
  }
}
