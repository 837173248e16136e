package org.kvstore.it.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.kvstore.api.ErrorCode.METHOD_NOT_ALLOWED;
import static org.kvstore.api.ErrorCode.NOT_ACCEPTABLE;
import static org.kvstore.api.ErrorCode.NOT_FOUND;
import static org.kvstore.api.ErrorCode.REQUEST_INVALID;
import static org.kvstore.api.ErrorCode.TOO_LARGE;
import static org.kvstore.api.ErrorCode.TOO_MANY_REQUESTS;
import static org.kvstore.api.ErrorCode.UNAVAILABLE;
import static org.kvstore.api.ErrorCode.UNSUPPORTED_MEDIA_TYPE;
import static org.kvstore.it.support.Service.target;

import jakarta.json.JsonObject;
import java.io.IOException;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.Bulk;
import org.kvstore.it.support.RawConnection;
import org.kvstore.it.support.RawRequest;

/** Each error of every row has its form checked; here is what the other sections have not. */
final class Errors extends Section {
  Errors(Servers servers, Exchanges exchanges) {
    super(servers, exchanges);
  }

  @Override
  String title() {
    return "11. Errors: RFC 9457";
  }

  @Override
  Stream<DynamicNode> sentences() {
    return Stream.of(
        sentence(
            "`{\"type\",\"title\",\"status\",\"detail\",\"instance\",\"code\",\"requestId\"}`",
            claim(
                "of the request",
                key -> {
                  String path = target(key) + "%2F%20x";
                  RawRequest request = service.get(path + "?revision=1");
                  JsonObject problem =
                      refuse(NOT_FOUND, service.get(path).header("X-Request-Id", "mine-42"));
                  assertThat(problem.getString("instance")).isEqualTo(path);
                  assertThat(problem.getString("requestId")).isEqualTo("mine-42");
                  assertThat(send(request).json().getString("instance")).isEqualTo(path);
                }),
            claim(
                "an id that is not sound is replaced",
                key -> {
                  for (String id : List.of("<script>", "a b", "x".repeat(65), "")) {
                    JsonObject problem = refuse(NOT_FOUND, get(key).header("X-Request-Id", id));
                    assertThat(problem.getString("requestId")).matches("[0-9a-f]{16}");
                  }
                })),
        sentence(
            "and what the code needs (the limit, the etag, ...)",
            claim(
                "limit and field",
                key -> {
                  JsonObject problem = refuse(REQUEST_INVALID, service.get("/v1/kv?limit=5000"));
                  assertThat(problem.getInt("limit")).isEqualTo(1000);
                  assertThat(problem.getString("field")).isEqualTo("limit");
                })),
        sentence(
            "Every error of every endpoint, the container's own 404/405/413 and malformed requests "
                + "included, has this form: 404",
            each(
                List.of(
                    "/",
                    "/nothing",
                    "/v1",
                    "/v1/",
                    "/v2/kv/a",
                    "/V1/KV/a",
                    "/v1/status/x",
                    "/v1/batch/x",
                    "/v1/txn/x",
                    "/v1/watch/x",
                    "/v1/leases/",
                    "/v1/leases/1/2",
                    "/v1/admin",
                    "/v1/admin/cluster",
                    "/v1/history",
                    "/put/x",
                    "/WEB-INF/web.xml",
                    "/META-INF/MANIFEST.MF",
                    "/internal/problem",
                    "/health/x",
                    "/metrics/x",
                    "/openapi/x",
                    "/ibm/api"),
                (path, key) -> refuse(NOT_FOUND, service.get(path)))),
        sentence(
            "the container's own 404/405/413: 405, with Allow",
            each(
                List.of(
                    "POST /v1/kv/a",
                    "PUT /v1/kv",
                    "PATCH /v1/kv",
                    "GET /v1/batch",
                    "PUT /v1/txn",
                    "POST /v1/watch",
                    "HEAD /v1/watch",
                    "DELETE /v1/history/a",
                    "GET /v1/leases",
                    "POST /v1/leases/1",
                    "DELETE /v1/status",
                    "GET /v1/admin/compact",
                    "GET /v1/admin/cluster/nodes",
                    "POST /v1/admin/cluster/nodes/n1/drain",
                    "GET /put",
                    "POST /get",
                    "GET /delete",
                    "TRACE /v1/kv/a",
                    "BREW /v1/kv/a",
                    "POST /health/ready",
                    "PUT /metrics",
                    "DELETE /openapi"),
                this::isNotAllowed)),
        sentence(
            "the container's own 404/405/413: 406 and 415",
            claim(
                "406",
                key -> {
                  for (String path : List.of("/v1/status", "/v1/kv", "/v1/history/a")) {
                    refuse(NOT_ACCEPTABLE, service.get(path).header("Accept", "image/png"));
                  }
                  RawRequest batch = batchOf("").header("Accept", "image/png");
                  refuse(NOT_ACCEPTABLE, batch);
                  refuse(NOT_ACCEPTABLE, txn("{}").header("Accept", "image/png"));
                  RawRequest lease = post("/v1/leases", JSON, json("{'ttl':'1s'}"));
                  refuse(NOT_ACCEPTABLE, lease.header("Accept", "image/png"));
                }),
            claim(
                "415",
                key ->
                    refuse(
                        UNSUPPORTED_MEDIA_TYPE,
                        "Content-Encoding",
                        put(key, "x").header("Content-Encoding", "gzip")))),
        sentence(
            "and malformed requests included: targets",
            each(
                List.of("/%", "/%zz", "/%00", "/a;b", "/..", "/v1/status?x=%", "/v1/kv?prefix=%ff"),
                (path, key) -> assertThat(send(service.get(path)).status()).isIn(400, 404))),
        sentence(
            "and malformed requests included: framing",
            each(
                List.of(
                    "Content-Length: abc",
                    "Content-Length: -1",
                    "Content-Length: 1, 1",
                    "Content-Length: 99999999999999999999",
                    "Transfer-Encoding: gzip",
                    "Transfer-Encoding: chunked"),
                (header, key) -> {
                  String[] line = header.split(": ");
                  RawRequest put = service.put(target(key)).header(line[0], line[1]);
                  refuse(REQUEST_INVALID, put.unframed("zz\r\nab\r\n0\r\n\r\n"));
                  refuse(NOT_FOUND, get(key));
                })),
        sentence(
            "and malformed requests included: headers",
            each(
                List.of(
                    "Host: a b/c",
                    "Accept: text/plain;q=2",
                    "Content-Type: none",
                    "If-Match: 42",
                    "If-Match: \"1",
                    "If-Match:",
                    "If-None-Match: *,*"),
                (header, key) -> {
                  String[] line = header.split(":", 2);
                  refuse(REQUEST_INVALID, line[0], put(key, "x").header(line[0], line[1].strip()));
                })),
        sentence(
            "TOO_MANY_REQUESTS (+ Retry-After) | 429",
            claim("watches", key -> isRefusedBeside("/v1/watch", "/v1/watch")),
            claim("held requests", this::secondHeldRequestIsRefused),
            claim("batches", this::secondBatchIsRefused),
            claim("exports", this::secondExportIsRefused)),
        sentence(
            "UNAVAILABLE: certainly not applied (+ Retry-After) | 503",
            claim("more writes than may wait", this::moreWritesThanMayWait)),
        sentence(
            "A limit is checked before the work: an oversized body is refused without being read "
                + "whole.",
            each(
                List.of(
                    "PUT /v1/kv/a */*",
                    "PATCH /v1/kv/a application/merge-patch+json",
                    "POST /v1/txn application/json",
                    "POST /v1/leases application/json",
                    "POST /put application/json",
                    "POST /put " + FORM),
                this::isRefusedUnread)));
  }

  private void isNotAllowed(String request, String key) {
    String[] parts = request.split(" ");
    Answer answer = expect(405, service.request(parts[0], parts[1]).body(""));
    if (parts[0].equals("HEAD")) {
      return;
    }
    assertThat(answer.json().getString("code")).isEqualTo(METHOD_NOT_ALLOWED.name());
    if (!List.of("TRACE", "BREW").contains(parts[0])) {
      assertThat(answer.header("Allow")).isNotBlank().doesNotContain(parts[0]);
    }
  }

  private void isRefusedBeside(String open, String refused) throws IOException {
    try (RawConnection connection = servers.small().get(open).open()) {
      connection.readHead("GET").expect(200);
      isTooMany(servers.small().get(refused));
    }
  }

  private void secondHeldRequestIsRefused(String key) throws IOException {
    RawRequest held = servers.small().get(target(key)).header("Prefer", "wait=60");
    try (RawConnection connection = held.open()) {
      await().until(() -> servers.small().metric("kvstore_held_requests") == 1);
      isTooMany(held);
      expect(201, servers.small().put(target(key)).body("x"));
      read(connection, held).expect(200);
    }
  }

  private void secondBatchIsRefused(String key) throws IOException {
    RawRequest batch =
        servers
            .small()
            .post("/v1/batch")
            .header("Content-Type", NDJSON)
            .header("Content-Length", "1000")
            .unframed(json("{'op':'get','key':'%s'}\n", key));
    try (RawConnection connection = batch.open()) {
      connection.readHead(batch.line()).expect(200);
      isTooMany(servers.small().post("/v1/batch").header("Content-Type", NDJSON).body(""));
    }
  }

  private void secondExportIsRefused(String key) throws IOException {
    // More than what sockets hold for a reader that does not read.
    for (int i = 0; i < 8; i++) {
      expect(201, servers.small().put(target(key + i)).body(new byte[Servers.VALUE_LIMIT]));
    }
    RawRequest export = servers.small().get("/v1/kv?prefix=" + key).header("Accept", NDJSON);
    try (RawConnection unread = export.open()) {
      unread.readHead(export.line()).expect(200);
      isTooMany(export);
    }
  }

  private void isTooMany(RawRequest request) {
    Answer answer = expect(429, request);
    assertThat(answer.json().getString("code")).isEqualTo(TOO_MANY_REQUESTS.name());
    assertThat(answer.json().getInt("limit")).isEqualTo(1);
    assertThat(Integer.parseInt(answer.header("Retry-After"))).isPositive();
  }

  private void moreWritesThanMayWait(String key) {
    await()
        .until(
            () -> {
              List<Answer> answers =
                  Bulk.race(32, () -> send(servers.small().put(target(key)).body("x")));
              List<Answer> refused =
                  answers.stream().filter(answer -> answer.status() == 503).toList();
              refused.forEach(
                  answer -> {
                    assertThat(answer.json().getString("code")).isEqualTo(UNAVAILABLE.name());
                    assertThat(Integer.parseInt(answer.header("Retry-After"))).isPositive();
                  });
              return !refused.isEmpty();
            });
  }

  private void isRefusedUnread(String row, String key) throws IOException {
    String[] parts = row.split(" ");
    RawRequest request =
        service
            .request(parts[0], parts[1])
            .header("Content-Type", parts[2])
            .header("Content-Length", "10000000000")
            .unframed("");
    try (RawConnection connection = request.open()) {
      Answer answer = read(connection, request).expect(413);
      assertThat(answer.json().getString("code")).isEqualTo(TOO_LARGE.name());
      assertThat(answer.json().getInt("limit")).isPositive();
    }
  }
}
