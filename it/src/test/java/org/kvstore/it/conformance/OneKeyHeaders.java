package org.kvstore.it.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.kvstore.api.ErrorCode.NOT_FOUND;
import static org.kvstore.api.ErrorCode.PRECONDITION_FAILED;
import static org.kvstore.api.ErrorCode.REQUEST_INVALID;
import static org.kvstore.api.MediaTypes.INCREMENT;
import static org.kvstore.it.support.Service.target;

import jakarta.json.JsonObject;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.kvstore.api.MediaTypes;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.Bulk;
import org.kvstore.it.support.RawConnection;
import org.kvstore.it.support.RawRequest;
import org.kvstore.it.support.ServerProcess;

final class OneKeyHeaders extends Section {
  private static final String NAME = "Idempotency-Key";
  private static final List<String> WRITES =
      List.of(
          "PUT",
          "PATCH",
          "DELETE",
          "range delete",
          "batch",
          "transaction",
          "grant of a lease",
          "renewal of a lease",
          "revocation of a lease",
          "simple put",
          "simple delete");

  OneKeyHeaders(Servers servers, Exchanges exchanges) {
    super(servers, exchanges);
  }

  @Override
  String title() {
    return "2. One key: the headers";
  }

  @Override
  Stream<DynamicNode> sentences() {
    return Stream.of(conditions(), waits(), names(), replies()).flatMap(rows -> rows);
  }

  private Stream<DynamicNode> conditions() {
    return Stream.of(
        sentence(
            "ETag of the raw value is `\"<modRevision>\"`.",
            claim(
                "of each answer",
                key -> {
                  Answer put = expect(201, put(key, "1"));
                  assertThat(put.etag()).isEqualTo("\"" + put.header("KV-Mod-Revision") + "\"");
                  Answer patched = expect(200, patch(key, INCREMENT, json("{'by':1}")));
                  assertThat(patched.etag())
                      .isEqualTo("\"" + patched.header("KV-Mod-Revision") + "\"")
                      .isEqualTo(expect(200, get(key)).etag());
                })),
        sentence(
            "`Accept: application/vnd.kvstore.entry+json` gives the JSON entry (§3) instead, with "
                + "its own strong tag.",
            claim(
                "another tag",
                key -> {
                  expect(201, put(key, "x"));
                  Answer document = document(key);
                  assertThat(document.header("Content-Type")).isEqualTo(MediaTypes.ENTRY);
                  assertThat(document.json().getString("value")).isEqualTo("x");
                  assertThat(document.etag())
                      .startsWith("\"")
                      .isNotEqualTo(expect(200, get(key)).etag());
                })),
        sentence(
            "Either is accepted by `If-Match`.",
            each(
                List.of("*/*", MediaTypes.ENTRY),
                (accept, key) -> {
                  expect(201, put(key, "x"));
                  String etag = expect(200, get(key).header("Accept", accept)).etag();
                  expect(204, put(key, "y").header("If-Match", etag));
                  refuse(PRECONDITION_FAILED, put(key, "z").header("If-Match", etag));
                })),
        sentence(
            "`If-Match: \"42\"`, `If-Match: *`, `If-None-Match: *` make PUT, PATCH and DELETE "
                + "conditional; a miss is 412 with the current ETag.",
            each(List.of("PUT", "PATCH", "DELETE"), this::isConditional)),
        sentence(
            "two racing writers with one tag never both win.",
            claim(
                "of eight",
                key -> {
                  String etag = expect(201, put(key, "x")).etag();
                  List<Answer> answers =
                      Bulk.race(8, () -> send(put(key, "y").header("If-Match", etag)));
                  assertThat(answers.stream().map(Answer::status).sorted().toList())
                      .containsExactly(204, 412, 412, 412, 412, 412, 412, 412);
                })));
  }

  private Stream<DynamicNode> waits() {
    return Stream.of(
        sentence(
            "`GET` with `Prefer: wait=30` (RFC 7240, at most 600 s) holds the answer while it "
                + "would be 304 or 404.",
            claim("404", key -> isHeld(key, get(key).header("Prefer", "wait=30"), "wait=30")),
            claim(
                "304",
                key -> {
                  String etag = expect(201, put(key, "known")).etag();
                  RawRequest held = get(key).header("If-None-Match", etag);
                  isHeld(key, held.header("Prefer", "wait=30"), "wait=30");
                }),
            claim("600", key -> isHeld(key, get(key).header("Prefer", "wait=600"), "wait=600")),
            claim("601", key -> isHeld(key, get(key).header("Prefer", "wait=601"), "wait=600")),
            claim("over", key -> refuse(NOT_FOUND, get(key).header("Prefer", "wait=1"))),
            claim(
                "news already",
                key -> {
                  expect(201, put(key, "x"));
                  expect(200, get(key).header("Prefer", "wait=600"));
                })),
        sentence(
            "A held request occupies no thread.",
            claim("two hundred of them", this::noThreadIsOccupied)));
  }

  private Stream<DynamicNode> names() {
    return Stream.of(
        sentence(
            "`Idempotency-Key: <1..128 chars>` on any write",
            claim("128", key -> expect(201, named(put(key, "x"), padded(key, 128)))),
            claim("129", key -> isNoName(padded(key, 129), key)),
            claim("none", key -> isNoName("", key)),
            claim("a space", key -> isNoName("two words", key)),
            claim("no ASCII", key -> isNoName("caf\u00E9", key))),
        sentence(
            "a repeat within 10 minutes answers what the first one answered, and does not write "
                + "again",
            each(WRITES, this::isAnsweredAlike)),
        sentence(
            "a repeat within 10 minutes",
            claim("of a refusal", this::isRefusedAlike),
            claim(
                "another request",
                key -> {
                  expect(201, named(put(key, "x"), key));
                  refuse(REQUEST_INVALID, "Idempotency-Key", named(put(key, "y"), key));
                }),
            claim(
                "later",
                key -> {
                  RawRequest put = named(servers.small().put(target(key)).body("x"), key);
                  expect(201, put);
                  expect(201, put);
                  await().until(() -> send(put).status() == 204);
                })),
        sentence(
            "The memory of it is as durable as the write.",
            ofSingle("kill", this::isRememberedWhenItWasKilled)));
  }

  private Stream<DynamicNode> replies() {
    return Stream.of(
        sentence(
            "Reply headers: `ETag`, `Last-Modified`, `KV-Create-Revision`, `KV-Mod-Revision`, "
                + "`KV-Version` (writes since creation), `KV-Expires-At`, `KV-Lease`",
            claim("with a TTL", key -> describes(key, "ttl=1h", "KV-Expires-At", "KV-Lease")),
            claim(
                "with a lease",
                key -> describes(key, "lease=" + grant("1h"), "KV-Lease", "KV-Expires-At")),
            claim(
                "versions begin anew with each creation",
                key -> {
                  expect(201, put(key, "x"));
                  assertThat(expect(204, put(key, "y")).header("KV-Version")).isEqualTo("2");
                  expect(204, delete(key));
                  assertThat(expect(201, put(key, "z")).header("KV-Version")).isEqualTo("1");
                })),
        sentence(
            "`X-Content-Type-Options: nosniff`, `Content-Security-Policy: sandbox`. "
                + "`Cache-Control: no-cache`.",
            claim(
                "on every answer",
                key -> {
                  isProtected(expect(201, put(key, "<script>")));
                  isProtected(expect(200, get(key)));
                  isProtected(expect(304, get(key).header("If-None-Match", "*")));
                  isProtected(expect(204, delete(key)));
                  isProtected(expect(404, get(key)));
                })));
  }

  private Answer document(String key) {
    return expect(200, get(key).header("Accept", MediaTypes.ENTRY));
  }

  private void isConditional(String method, String key) {
    Answer absent = expect(412, change(method, key).header("If-Match", "*"));
    assertThat(absent.findHeader("ETag")).isEmpty();
    String etag = expect(201, put(key, "1")).etag();
    Map<String, String> misses = Map.of("If-Match", "\"0\"", "If-None-Match", "*");
    misses.forEach(
        (header, value) -> {
          Answer miss = expect(412, change(method, key).header(header, value));
          assertThat(miss.etag()).isEqualTo(etag).isEqualTo(miss.json().getString("etag"));
        });
    assertThat(expect(200, get(key)).etag()).isEqualTo(etag);
    for (String value : List.of("*", "\"0\", %s")) {
      String current = send(put(key, "1")).etag();
      Answer hit = send(change(method, key).header("If-Match", value.formatted(current)));
      assertThat(hit.status()).isEqualTo(method.equals("PATCH") ? 200 : 204);
    }
  }

  private RawRequest change(String method, String key) {
    return switch (method) {
      case "PUT" -> put(key, "2");
      case "PATCH" -> patch(key, INCREMENT, json("{'by':1}"));
      default -> delete(key);
    };
  }

  private void isHeld(String key, RawRequest request, String applied) throws IOException {
    double held = service.metric("kvstore_held_requests");
    try (RawConnection connection = request.open()) {
      await().until(() -> service.metric("kvstore_held_requests") > held);
      send(put(key, "news"));
      Answer answer = read(connection, request).expect(200);
      assertThat(answer.text()).isEqualTo("news");
      assertThat(answer.header("Preference-Applied")).isEqualTo(applied);
    }
  }

  private void noThreadIsOccupied(String key) throws IOException {
    RawRequest request = get(key).header("Prefer", "wait=60");
    double threads = service.metric("jvm_threads_current");
    double held = service.metric("kvstore_held_requests");
    List<RawConnection> connections = new ArrayList<>();
    try {
      for (int i = 0; i < 200; i++) {
        connections.add(request.open());
      }
      await().until(() -> service.metric("kvstore_held_requests") >= held + 200);
      assertThat(service.metric("jvm_threads_current")).isLessThan(threads + 50);
      expect(201, put(key, "news"));
      for (RawConnection connection : connections) {
        read(connection, request).expect(200);
      }
    } finally {
      connections.forEach(RawConnection::close);
    }
  }

  private void describes(String key, String life, String present, String absent) {
    Answer created = expect(201, service.put(target(key) + "?" + life).body("1"));
    expect(200, patch(key, INCREMENT, json("{'by':1}")));
    Answer read = expect(200, get(key));
    assertThat(read.header("KV-Create-Revision")).isEqualTo("" + created.revision());
    assertThat(read.revision()).isGreaterThan(created.revision());
    assertThat(read.header("KV-Version")).isEqualTo("2");
    assertThat(read.header("Last-Modified")).endsWith(" GMT");
    assertThat(read.header(present)).isNotBlank();
    assertThat(read.findHeader(absent)).isEmpty();
  }

  private static void isProtected(Answer answer) {
    assertThat(answer.header("X-Content-Type-Options")).isEqualTo("nosniff");
    assertThat(answer.header("Content-Security-Policy")).isEqualTo("sandbox");
    assertThat(answer.header("Cache-Control")).isEqualTo("no-cache");
  }

  private static RawRequest named(RawRequest request, String name) {
    return request.header(NAME, name);
  }

  private static String padded(String name, int length) {
    return name + "~".repeat(length - name.length());
  }

  private void isNoName(String name, String key) {
    JsonObject problem = refuse(REQUEST_INVALID, named(put(key, "x"), name));
    assertThat(problem.getString("field")).isEqualTo(NAME);
    assertThat(problem.getInt("limit")).isEqualTo(128);
    refuse(NOT_FOUND, get(key));
  }

  /** Every write that there is, on a key that is 1 before. */
  private RawRequest write(String name, String key) {
    String lease = name.endsWith("lease") ? grant("1h") : "";
    return switch (name) {
      case "PUT" -> put(key, "2");
      case "PATCH" -> patch(key, INCREMENT, json("{'by':1}"));
      case "DELETE" -> delete(key);
      case "range delete" -> service.delete("/v1/kv?prefix=" + key);
      case "batch" ->
          batchOf(
              json("{'op':'put','key':'%s','value':'2'}", key),
              json("{'op':'delete','key':'%s-none'}", key));
      case "transaction" -> txn("{'then':[{'op':'put','key':'%s','value':'2'}]}", key);
      case "grant of a lease" -> post("/v1/leases", JSON, json("{'ttl':'1h'}"));
      case "renewal of a lease" -> service.put("/v1/leases/" + lease);
      case "revocation of a lease" -> service.delete("/v1/leases/" + lease);
      case "simple put" -> post("/put", JSON, json("{'key':'%s','value':'2'}", key));
      case "simple delete" -> service.delete("/delete?key=" + key);
      default -> throw new IllegalArgumentException(name);
    };
  }

  private void isAnsweredAlike(String name, String key) {
    long before = expect(201, put(key, "1")).revision();
    RawRequest write = named(write(name, key), key);
    Answer first = send(write);
    assertThat(first.status()).isLessThan(300);
    long revision = expect(201, put(key + "/other", "x")).revision();
    assertThat(revision).isGreaterThan(before);
    Answer repeat = expect(first.status(), write);
    assertThat(withoutIds(repeat)).isEqualTo(withoutIds(first));
    assertThat(repeat.headers().get("etag")).isEqualTo(first.headers().get("etag"));
    assertThat(repeat.headers().get("location")).isEqualTo(first.headers().get("location"));
    assertThat(expect(204, put(key + "/other", "x")).revision())
        .as("the next revision")
        .isEqualTo(revision + 1);
  }

  /** The answer to a batch has problems in it, each of which names the request. */
  private static String withoutIds(Answer answer) {
    return answer.text().replaceAll("\"requestId\":\"\\w+\"", "");
  }

  private void isRefusedAlike(String key) {
    RawRequest write = named(put(key, "x").header("If-Match", "*"), key);
    refuse(PRECONDITION_FAILED, write);
    expect(201, put(key, "y"));
    refuse(PRECONDITION_FAILED, write);
  }

  private void isRememberedWhenItWasKilled(String key) {
    Path data = ServerProcess.directory("named");
    String etag;
    try (ServerProcess server = ServerProcess.ready(data)) {
      etag = expect(201, named(server.service().put(target(key)).body("x"), key)).etag();
      server.kill();
    }
    try (ServerProcess server = ServerProcess.ready(data)) {
      assertThat(expect(201, named(server.service().put(target(key)).body("x"), key)).etag())
          .isEqualTo(etag);
    }
  }
}
