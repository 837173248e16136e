package org.kvstore.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kvstore.it.support.Service.target;

import java.io.ByteArrayOutputStream;
import java.util.Base64;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.kvstore.api.ErrorCode;
import org.kvstore.api.MediaTypes;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.Deployed;
import org.kvstore.it.support.RawRequest;

/** One entry over its life: written, read, replaced on conditions, read in the past, deleted. */
class EntryIT extends Deployed {
  private final String key = target(prefix() + "entry");

  @Test
  void entry_overItsLife() {
    Answer created = service.put(key).body("one").send().expect(201);
    assertThat(created.header("Location")).isEqualTo(key);
    assertThat(created.header("KV-Version")).isEqualTo("1");
    assertThat(created.etag()).isEqualTo("\"" + created.revision() + "\"");
    assertThat(created.body()).isEmpty();

    Answer replaced = service.put(key).body("two").send().expect(204);
    assertThat(replaced.revision()).isGreaterThan(created.revision());
    assertThat(replaced.header("KV-Create-Revision")).isEqualTo("" + created.revision());
    assertThat(replaced.findHeader("Location")).isEmpty();

    Answer read = service.get(key).send().expect(200);
    assertThat(read.text()).isEqualTo("two");
    assertThat(read.etag()).isEqualTo(replaced.etag());
    assertThat(read.header("KV-Version")).isEqualTo("2");
    assertThat(read.header("Last-Modified")).endsWith(" GMT");
    assertThat(read.header("X-Content-Type-Options")).isEqualTo("nosniff");
    assertThat(read.header("Content-Security-Policy")).isEqualTo("sandbox");
    assertThat(read.header("Cache-Control")).isEqualTo("no-cache");
    assertThat(read.findHeader("KV-Expires-At")).isEmpty();

    service.delete(key).send().expect(204);
    service.get(key).send().expect(ErrorCode.NOT_FOUND);
    service.delete(key).send().expect(ErrorCode.NOT_FOUND);

    Answer again = service.put(key).body("three").send().expect(201);
    assertThat(again.header("KV-Version")).isEqualTo("1");
    assertThat(again.revision()).isGreaterThan(replaced.revision());
  }

  @Test
  void head_hasTheHeadersOfGet_andNoBody() {
    service.put(key).header("Content-Type", "text/css").body("body {}").send().expect(201);
    Answer get = service.get(key).send().expect(200);
    Answer head = service.request("HEAD", key).send().expect(200);
    for (String name : new String[] {"ETag", "Content-Type", "Content-Length", "KV-Version"}) {
      assertThat(head.header(name)).as(name).isEqualTo(get.header(name));
    }
    service.request("HEAD", key + "x").send().expect(404);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "application/json",
        "text/plain",
        "text/plain;charset=ISO-8859-1",
        "text/html; charset=\"utf-8\"",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "text/event-stream",
        "application/problem+json",
        "application/x-ndjson",
        "image/svg+xml",
        "application/vnd.kvstore.entry+json",
        "X-Custom/Type;A=b;c=D"
      })
  void contentType_comesBackAsItWasSent(String type) {
    String value = "a=1&b=2";
    service.put(key).header("Content-Type", type).body(value).send().expect(201);
    Answer read = service.get(key).send().expect(200);
    assertThat(read.header("Content-Type")).isEqualTo(type);
    assertThat(read.text()).isEqualTo(value);
    assertThat(document(key).json().getString("contentType")).isEqualTo(type);
  }

  @Test
  void withoutContentType_isOctetStream() {
    service.put(key).body("x").send().expect(201);
    assertThat(service.get(key).send().header("Content-Type"))
        .isEqualTo("application/octet-stream");
  }

  static Stream<byte[]> values() {
    byte[] all = new byte[256];
    for (int i = 0; i < all.length; i++) {
      all[i] = (byte) i;
    }
    byte[] largest = new byte[1 << 20];
    return Stream.of(
        new byte[0],
        new byte[] {0},
        "\r\n".getBytes(java.nio.charset.StandardCharsets.US_ASCII),
        all,
        largest);
  }

  @ParameterizedTest
  @MethodSource("values")
  void value_comesBackByteForByte(byte[] value) {
    service.put(key).body(value).send().expect(201);
    assertThat(service.get(key).send().expect(200).body()).isEqualTo(value);
    assertThat(service.get(key).send().header("Content-Length")).isEqualTo("" + value.length);

    service.put(key).chunked(value, 1000).send().expect(204);
    assertThat(service.get(key).send().expect(200).body()).isEqualTo(value);
  }

  @Test
  void entryDocument_hasItsOwnTag_thatIfMatchTakesToo() {
    service.put(key).header("Content-Type", "text/plain").body("h\u00E9").send().expect(201);
    Answer document = document(key).expect(200);
    assertThat(document.header("Content-Type")).startsWith(MediaTypes.ENTRY);
    assertThat(document.json().getString("value")).isEqualTo("h\u00E9");
    assertThat(document.json().getInt("version")).isEqualTo(1);
    assertThat(document.etag()).isNotEqualTo(service.get(key).send().etag());

    service
        .get(key)
        .header("Accept", MediaTypes.ENTRY)
        .header("If-None-Match", document.etag())
        .send()
        .expect(304);
    service.put(key).header("If-Match", document.etag()).body("next").send().expect(204);
    service
        .put(key)
        .header("If-Match", document.etag())
        .body("late")
        .send()
        .expect(ErrorCode.PRECONDITION_FAILED);
  }

  @Test
  void entryDocument_ofBytesThatAreNoText_hasBase64() {
    byte[] value = {(byte) 0xFF, 0, (byte) 0xC3};
    service.put(key).body(value).send().expect(201);
    var json = document(key).json();
    assertThat(json.containsKey("value")).isFalse();
    assertThat(Base64.getDecoder().decode(json.getString("valueBase64"))).isEqualTo(value);
  }

  @Test
  void ifNoneMatch_ofARead_answers304() {
    String etag = service.put(key).body("x").send().expect(201).etag();
    Answer unchanged = service.get(key).header("If-None-Match", etag).send().expect(304);
    assertThat(unchanged.etag()).isEqualTo(etag);
    assertThat(unchanged.body()).isEmpty();
    service.get(key).header("If-None-Match", "W/" + etag).send().expect(304);
    service.get(key).header("If-None-Match", "\"0\", " + etag).send().expect(304);
    service.get(key).header("If-None-Match", "*").send().expect(304);
    service.get(key).header("If-None-Match", "\"0\"").send().expect(200);
    service.get(key + "x").header("If-None-Match", "*").send().expect(ErrorCode.NOT_FOUND);
  }

  /** Condition, {@code ?} standing for the tag; answer with an entry; answer without. */
  static Stream<Arguments> conditions() {
    return Stream.of(
        Arguments.of("If-Match", "?", 204, 412),
        Arguments.of("If-Match", "*", 204, 412),
        Arguments.of("If-Match", "\"0\", ?", 204, 412),
        Arguments.of("If-Match", "\"0\"", 412, 412),
        Arguments.of("If-Match", "W/?", 412, 412),
        Arguments.of("If-Match", "\"not-ours\"", 412, 412),
        Arguments.of("If-Match", "\"99999999999999999999\"", 412, 412),
        Arguments.of("If-None-Match", "*", 412, 201),
        Arguments.of("If-None-Match", "?", 412, 201),
        Arguments.of("If-None-Match", "\"0\"", 204, 201));
  }

  @ParameterizedTest
  @MethodSource("conditions")
  void put_onACondition(String header, String tags, int present, int absent) {
    String etag = service.put(key).body("before").send().expect(201).etag();
    String condition = tags.replace("?", etag);

    checkMiss(
        etag, service.put(key).header(header, condition).body("after").send().expect(present));
    service.delete(key).send().expect(204);
    checkMiss(null, service.put(key).header(header, condition).body("new").send().expect(absent));
  }

  @ParameterizedTest
  @MethodSource("conditions")
  void delete_onACondition(String header, String tags, int present, int absent) {
    String etag = service.put(key).body("before").send().expect(201).etag();
    String condition = tags.replace("?", etag);

    checkMiss(etag, service.delete(key).header(header, condition).send().expect(present));
    service.get(key).send().expect(present == 204 ? 404 : 200);
    service.delete(key).send();
    service.delete(key).header(header, condition).send().expect(absent == 201 ? 404 : absent);
  }

  private static void checkMiss(@org.jspecify.annotations.Nullable String etag, Answer answer) {
    if (answer.status() != 412) {
      return;
    }
    answer.expect(ErrorCode.PRECONDITION_FAILED);
    if (etag == null) {
      assertThat(answer.findHeader("ETag")).isEmpty();
      assertThat(answer.json().containsKey("etag")).isFalse();
      return;
    }
    assertThat(answer.etag()).isEqualTo(etag);
    assertThat(answer.json().getString("etag")).isEqualTo(etag);
  }

  @Test
  void history_isReadByRevision() {
    long before = service.put(key + "-other").body("").send().revision();
    long first = service.put(key).body("one").send().revision();
    long second = service.put(key).body("two").send().revision();
    service.delete(key).send().expect(204);
    long after = service.put(key + "-other").body("").send().revision();

    service.get(key + "?revision=" + before).send().expect(ErrorCode.NOT_FOUND);
    Answer then = service.get(key + "?revision=" + first).send().expect(200);
    assertThat(then.text()).isEqualTo("one");
    assertThat(then.revision()).isEqualTo(first);
    assertThat(service.get(key + "?revision=" + second).send().text()).isEqualTo("two");
    service.get(key + "?revision=" + after).send().expect(ErrorCode.NOT_FOUND);
    service.get(key + "?revision=" + (after + 1_000_000)).send().expect(ErrorCode.REQUEST_INVALID);
  }

  @Test
  void valueOverTheLimit_isRefused_andTheEntryStays() {
    service.put(key).body("small").send().expect(201);
    byte[] large = new byte[(1 << 20) + 1];
    for (RawRequest request :
        new RawRequest[] {service.put(key).body(large), service.put(key).chunked(large, 1 << 16)}) {
      Answer refused = request.send().expect(ErrorCode.TOO_LARGE);
      assertThat(refused.json().getInt("limit")).isEqualTo(1 << 20);
    }
    assertThat(service.get(key).send().text()).isEqualTo("small");
  }

  @Test
  void connection_carriesManyRequests() throws Exception {
    ByteArrayOutputStream pipeline = new ByteArrayOutputStream();
    String put = "PUT " + key + " HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n7";
    String get = "GET " + key + " HTTP/1.1\r\nHost: x\r\n\r\n";
    for (String request : new String[] {put, get, get}) {
      pipeline.writeBytes(request.getBytes(java.nio.charset.StandardCharsets.US_ASCII));
    }
    try (var connection = new org.kvstore.it.support.RawConnection(service.port())) {
      connection.send(pipeline.toByteArray());
      connection.read("PUT").expect(201);
      assertThat(connection.read("GET").expect(200).text()).isEqualTo("7");
      assertThat(connection.read("GET").expect(200).text()).isEqualTo("7");
    }
  }

  private Answer document(String target) {
    return service.get(target).header("Accept", MediaTypes.ENTRY).send();
  }
}
