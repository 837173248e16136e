package org.kvstore.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kvstore.api.ErrorCode.KEY_INVALID;
import static org.kvstore.api.ErrorCode.METHOD_NOT_ALLOWED;
import static org.kvstore.api.ErrorCode.NOT_ACCEPTABLE;
import static org.kvstore.api.ErrorCode.NOT_FOUND;
import static org.kvstore.api.ErrorCode.REQUEST_INVALID;
import static org.kvstore.api.ErrorCode.TOO_LARGE;
import static org.kvstore.api.ErrorCode.UNSUPPORTED_MEDIA_TYPE;

import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.kvstore.api.ErrorCode;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.Deployed;
import org.kvstore.it.support.RawConnection;
import org.kvstore.it.support.RawRequest;

/** Whatever is wrong with a request: the right problem document, never a 500 nor an HTML page. */
class ProblemIT extends Deployed {
  private static final String K = "/v1/kv/ProblemIT";

  /** What is slow or ambiguous is recognised by how HTTP/1.1 frames it. */
  @Test
  void http2_isNotSpoken() throws Exception {
    HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_2).build();
    HttpResponse<Void> answer =
        client.send(
            HttpRequest.newBuilder(service.uri().resolve("/v1/status")).build(),
            HttpResponse.BodyHandlers.discarding());
    assertThat(answer.version()).isEqualTo(HttpClient.Version.HTTP_1_1);
    assertThat(answer.statusCode()).isEqualTo(200);
  }

  /** Error, method, target; then header names and values by turns. */
  static Stream<Arguments> requests() {
    return Stream.of(
        row(NOT_FOUND, "GET", "/"),
        row(NOT_FOUND, "GET", "/nothing"),
        row(NOT_FOUND, "GET", "/index.html"),
        row(NOT_FOUND, "POST", "/v2/kv/a"),
        row(NOT_FOUND, "GET", "/v1"),
        row(NOT_FOUND, "GET", "/v1/"),
        row(NOT_FOUND, "GET", "/v1/status/x"),
        row(NOT_FOUND, "GET", "/v1/cluster"),
        row(NOT_FOUND, "GET", "/v1/admin/cluster"),
        row(NOT_FOUND, "POST", "/v1/admin/cluster/rebalance"),
        row(NOT_FOUND, "DELETE", "/v1/admin/cluster/nodes/n1"),
        row(NOT_FOUND, "PUT", "/v1/admin/cluster/nodes/n1/drain"),
        row(NOT_FOUND, "DELETE", "/v1/admin/cluster/nodes/n1/drain"),
        row(NOT_FOUND, "GET", "/V1/KV/a"),
        row(NOT_FOUND, "GET", "/v1/held/key"),
        row(NOT_FOUND, "GET", "/internal/problem"),
        row(NOT_FOUND, "GET", "/WEB-INF/web.xml"),
        row(NOT_FOUND, "GET", "/META-INF/MANIFEST.MF"),
        row(NOT_FOUND, "GET", "/put/x"),
        row(NOT_FOUND, "GET", "/nothing?a=%"),
        row(NOT_FOUND, "POST", "/v1/nothing?%zz=1"),
        row(NOT_FOUND, "GET", "/v1/leases/1/2?a={b}|\"^"),
        row(NOT_FOUND, "GET", K),
        row(NOT_FOUND, "DELETE", K),
        row(METHOD_NOT_ALLOWED, "POST", K),
        row(METHOD_NOT_ALLOWED, "PUT", "/v1/kv"),
        row(METHOD_NOT_ALLOWED, "POST", "/v1/kv"),
        row(METHOD_NOT_ALLOWED, "DELETE", "/v1/status"),
        row(METHOD_NOT_ALLOWED, "GET", "/v1/admin/cluster/nodes"),
        row(METHOD_NOT_ALLOWED, "PUT", "/v1/admin/cluster/nodes/n1"),
        row(METHOD_NOT_ALLOWED, "GET", "/put"),
        row(METHOD_NOT_ALLOWED, "POST", "/get"),
        row(METHOD_NOT_ALLOWED, "GET", "/delete?key=a"),
        row(METHOD_NOT_ALLOWED, "TRACE", K),
        row(METHOD_NOT_ALLOWED, "BREW", K),
        row(METHOD_NOT_ALLOWED, "WAITGET", K),
        row(KEY_INVALID, "GET", "/v1/kv/"),
        row(KEY_INVALID, "PUT", K + "/"),
        row(KEY_INVALID, "GET", "/v1/kv/%ff"),
        row(KEY_INVALID, "GET", "/v1/kv/%"),
        row(KEY_INVALID, "GET", "/v1/kv/;/b"),
        row(KEY_INVALID, "PUT", "/v1/kv/a/%3Bx%2Fb"),
        row(KEY_INVALID, "GET", "/v1/kv/a/..;x"),
        row(KEY_INVALID, "GET", "/v1/history/%3B%2f"),
        row(REQUEST_INVALID, "GET", "/%zz"),
        row(REQUEST_INVALID, "GET", "/v1/status?x=%zz"),
        row(REQUEST_INVALID, "GET", K + "?revision=%"),
        row(REQUEST_INVALID, "GET", K + "?revision=%ff"),
        row(REQUEST_INVALID, "GET", K + "?revision"),
        row(REQUEST_INVALID, "GET", K + "?revision=0"),
        row(REQUEST_INVALID, "GET", K + "?revision=-1"),
        row(REQUEST_INVALID, "GET", K + "?revision=one"),
        row(REQUEST_INVALID, "GET", K + "?revision=99999999999999999999"),
        row(REQUEST_INVALID, "GET", K + "?revision=1&revision=2"),
        row(REQUEST_INVALID, "GET", K + "?unknown=1"),
        row(REQUEST_INVALID, "GET", K + "?ttl=1s"),
        row(REQUEST_INVALID, "DELETE", K + "?ttl=1s"),
        row(REQUEST_INVALID, "PUT", K + "?ttl=-1s"),
        row(REQUEST_INVALID, "PUT", K + "?ttl=0s"),
        row(REQUEST_INVALID, "PUT", K + "?ttl="),
        row(REQUEST_INVALID, "PUT", K + "?ttl=soon"),
        row(REQUEST_INVALID, "PUT", K + "?ttl=30"),
        row(REQUEST_INVALID, "PUT", K + "?ttl=P"),
        row(REQUEST_INVALID, "PUT", K + "?ttl=-PT1S"),
        row(REQUEST_INVALID, "PUT", K + "?ttl=PT0.0001S"),
        row(REQUEST_INVALID, "PUT", K + "?ttl=PT99999999999999999H"),
        row(REQUEST_INVALID, "PUT", K + "?ttl=999999999999999d"),
        row(REQUEST_INVALID, "PUT", K + "?ttl=1s&ttl=2s"),
        row(REQUEST_INVALID, "PUT", K + "?keepTtl=perhaps"),
        row(REQUEST_INVALID, "PUT", K + "?ttl=1s&keepTtl"),
        row(REQUEST_INVALID, "DELETE", "/v1/kv?prefix="),
        row(REQUEST_INVALID, "DELETE", "/v1/kv?all="),
        row(REQUEST_INVALID, "DELETE", "/v1/kv?start="),
        row(REQUEST_INVALID, "PUT", K + "?TTL=1s"),
        row(REQUEST_INVALID, "GET", "/v1/kv?limit=0"),
        row(REQUEST_INVALID, "GET", "/v1/kv?limit=1001"),
        row(REQUEST_INVALID, "GET", "/v1/kv?limit=ten"),
        row(REQUEST_INVALID, "GET", "/v1/kv?limit=%2B1"),
        row(REQUEST_INVALID, "GET", "/v1/kv?order=up"),
        row(REQUEST_INVALID, "GET", "/v1/kv?keysOnly=1"),
        row(REQUEST_INVALID, "GET", "/v1/kv?countOnly=yes"),
        row(REQUEST_INVALID, "GET", "/v1/kv?delimiter="),
        row(REQUEST_INVALID, "GET", "/v1/kv?prefix=a&start=b"),
        row(REQUEST_INVALID, "GET", "/v1/kv?prefix=%00"),
        row(REQUEST_INVALID, "GET", "/v1/kv?prefix=%ff"),
        row(REQUEST_INVALID, "GET", "/v1/kv?prefix=" + "x".repeat(1025)),
        row(REQUEST_INVALID, "GET", "/v1/kv?cursor=%20"),
        row(REQUEST_INVALID, "GET", "/v1/kv?revision=999999999999"),
        row(REQUEST_INVALID, "DELETE", "/v1/kv"),
        row(REQUEST_INVALID, "DELETE", "/v1/kv?all=true&limit=1"),
        row(REQUEST_INVALID, "GET", "/v1/status?verbose=true"),
        row(REQUEST_INVALID, "PUT", K, "If-Match", "42"),
        row(REQUEST_INVALID, "PUT", K, "If-Match", "\"42"),
        row(REQUEST_INVALID, "PUT", K, "If-Match", ""),
        row(REQUEST_INVALID, "PUT", K, "If-Match", "\"1\" \"2\""),
        row(REQUEST_INVALID, "PUT", K, "If-None-Match", "nothing"),
        row(REQUEST_INVALID, "GET", K, "If-None-Match", "*,*"),
        row(REQUEST_INVALID, "DELETE", K, "If-Match", "w/\"1\""),
        row(REQUEST_INVALID, "PUT", K, "Idempotency-Key", "two words"),
        row(REQUEST_INVALID, "PUT", K, "Content-Type", "nonsense"),
        row(REQUEST_INVALID, "PUT", K, "Content-Type", "text/"),
        row(REQUEST_INVALID, "PUT", K, "Content-Type", "a/" + "b".repeat(300)),
        row(REQUEST_INVALID, "PUT", K, "Host", "a b/c"),
        row(UNSUPPORTED_MEDIA_TYPE, "PUT", K, "Content-Encoding", "gzip"),
        row(UNSUPPORTED_MEDIA_TYPE, "POST", "/put", "Content-Type", "text/xml"),
        row(NOT_ACCEPTABLE, "GET", "/v1/status", "Accept", "image/png"),
        row(NOT_ACCEPTABLE, "GET", "/v1/kv", "Accept", "text/html"),
        row(NOT_ACCEPTABLE, "GET", "/get?key=a", "Accept", "image/*"),
        row(REQUEST_INVALID, "GET", "/v1/status", "Accept", "not a media type"),
        row(REQUEST_INVALID, "POST", "/put", "Content-Type", "not a media type"));
  }

  private static Arguments row(ErrorCode code, String method, String target, String... headers) {
    return Arguments.of(code, method, target, headers);
  }

  @ParameterizedTest
  @MethodSource("requests")
  void badRequest_isAnsweredWithItsProblem(
      ErrorCode code, String method, String target, String[] headers) {
    RawRequest request = service.request(method, target);
    for (int i = 0; i < headers.length; i += 2) {
      request.header(headers[i], headers[i + 1]);
    }
    Answer answer = request.send().expect(code);
    if (code == METHOD_NOT_ALLOWED && !method.matches("TRACE|BREW|WAITGET")) {
      assertThat(answer.header("Allow")).contains("OPTIONS").doesNotContain(method);
    }
  }

  /**
   * Head line; the bytes after the head. Liberty itself settles two lengths (the first wins) and a
   * length beside chunks (chunks win) and hides that from applications.
   */
  static Stream<Arguments> framings() {
    return Stream.of(
        Arguments.of("Content-Length: abc", "x"),
        Arguments.of("Content-Length: -1", ""),
        Arguments.of("Content-Length: +2", "ab"),
        Arguments.of("Content-Length: 2, 2", "ab"),
        Arguments.of("Content-Length: 99999999999999999999", ""),
        Arguments.of("Transfer-Encoding: bogus", ""),
        Arguments.of("Transfer-Encoding: gzip, chunked", "0\r\n\r\n"),
        Arguments.of("Transfer-Encoding: chunked", "zz\r\nab\r\n0\r\n\r\n"),
        Arguments.of("Transfer-Encoding: chunked", "-1\r\nab\r\n0\r\n\r\n"),
        Arguments.of("Transfer-Encoding: chunked", "2\r\nabXX0\r\n\r\n"));
  }

  @ParameterizedTest
  @MethodSource("framings")
  void ambiguousBody_isRefused_andNothingIsWritten(String head, String body) {
    String key = "/v1/kv/" + prefix() + "framing";
    String[] line = head.split(": ", 2);
    service.put(key).header(line[0], line[1]).unframed(body).send().expect(REQUEST_INVALID);
    service.get(key).send().expect(NOT_FOUND);
  }

  /** Of each, one half or the other would be believed, or a body would be lost. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "HTTP/2.0\r\nHost: a\r\n\r\n",
        "HTTP/3.0\r\nHost: a\r\nContent-Length: abc\r\n\r\n",
        "HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity"
            + "\r\n\r\n1\r\na\r\n0\r\n\r\n",
        "HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer a\r\nAuthorization: Bearer b\r\n"
            + "Content-Length: 1\r\n\r\na"
      })
  void headThatIsReadInTwoWays_isRefused_andNothingIsWritten(String rest) throws IOException {
    String key = "/v1/kv/" + prefix() + "head";
    try (RawConnection connection = new RawConnection(service.port())) {
      connection.send(("PUT " + key + " " + rest).getBytes(StandardCharsets.ISO_8859_1));
      assertThat(connection.read("PUT ").status()).isIn(400, 505);
    }
    service.get(key).send().expect(NOT_FOUND);
  }

  @Test
  void putWithoutLength_isRefused() {
    service.put(K + "/no-length").unframed("").send().expect(REQUEST_INVALID);
    service.put(K + "/no-length").body("").send().expect(201);
  }

  @ParameterizedTest
  @ValueSource(strings = {"PUT /v1/kv/ProblemIT/large", "POST /put"})
  void bodyOverTheLimit_isRefusedWithoutBeingRead(String start) throws IOException {
    String[] parts = start.split(" ");
    RawRequest request =
        service
            .request(parts[0], parts[1])
            .header("Content-Type", "application/json")
            .header("Content-Length", "10000000000")
            .unframed("");
    try (RawConnection connection = request.open()) {
      Answer answer = connection.read(request.line()).expect(TOO_LARGE);
      assertThat(answer.json().getInt("limit")).isPositive();
    }
  }

  @Test
  void bodyWithoutEnd_isRefusedOnceItIsOverTheLimit() throws IOException {
    RawRequest request =
        service
            .put("/v1/kv/ProblemIT/endless")
            .header("Transfer-Encoding", "chunked")
            .unframed("200000\r\n" + "x".repeat(0x200000));
    try (RawConnection connection = request.open()) {
      connection.read(request.line()).expect(TOO_LARGE);
    }
  }

  @Test
  void problem_namesTheRequest() {
    Answer answer = service.get("/v1/kv/a%2Fb%20c").header("X-Request-Id", "mine-42").send();
    answer.expect(NOT_FOUND);
    assertThat(answer.json().getString("instance")).isEqualTo("/v1/kv/a%2Fb%20c");
    assertThat(answer.json().getString("requestId")).isEqualTo("mine-42");
    assertThat(answer.header("X-Request-Id")).isEqualTo("mine-42");
    assertThat(
            service
                .get("/x")
                .header("X-Request-Id", "<script>")
                .send()
                .json()
                .getString("requestId"))
        .matches("[0-9a-f]{16}");
  }

  @Test
  void everyLimit_isNamed() {
    assertThat(service.get("/v1/kv?limit=5000").send().json().getInt("limit")).isEqualTo(1000);
    assertThat(service.get("/v1/kv?limit=5000").send().json().getString("field"))
        .isEqualTo("limit");
    assertThat(service.put(K + "?ttl=x").send().json().getString("field")).isEqualTo("ttl");
  }

  @Test
  void requestThatIsNoHttp_isRefused_withoutAPage() throws IOException {
    for (String bytes :
        new String[] {
          "GET\r\n\r\n",
          "GET /v1/status\r\n\r\n",
          "GET /v1/status FTP/1.0\r\nHost: x\r\n\r\n",
          "GET /v1/status HTTP/1.1\r\nHost x\r\n\r\n",
          "GET /" + "x".repeat(40_000) + " HTTP/1.1\r\nHost: x\r\n\r\n",
          "GET / HTTP/1.1\r\nHost: x\r\nX: " + "x".repeat(40_000) + "\r\n\r\n"
        }) {
      try (RawConnection connection = new RawConnection(service.port())) {
        connection.send(bytes.getBytes(java.nio.charset.StandardCharsets.US_ASCII));
        Answer answer = connection.read("GET");
        assertThat(answer.status()).as("%s", answer).isIn(400, 431, 505);
        assertThat(answer.text()).doesNotContain("<");
      }
    }
    service.get("/v1/status").send().expect(200);
  }
}
