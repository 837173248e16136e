package org.kvstore.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kvstore.it.support.Service.parameter;
import static org.kvstore.it.support.Service.target;

import java.util.Base64;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.kvstore.api.ErrorCode;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.Deployed;
import org.kvstore.it.support.RawRequest;

/** The three calls for a start: same store, same rules. */
class SimpleThreeIT extends Deployed {
  private final String key = prefix() + "name";
  private final String query = "?key=" + parameter(key);

  @Test
  void json_putGetDelete() {
    json("{\"key\":\"%s\",\"value\":\"GoLang\"}".formatted(key)).expect(201);
    Answer read = service.get("/get" + query).send().expect(200);
    assertThat(read.header("Content-Type")).isEqualTo("application/json");
    assertThat(read.json().getString("key")).isEqualTo(key);
    assertThat(read.json().getString("value")).isEqualTo("GoLang");
    assertThat(service.get(target(key)).send().expect(200).text()).isEqualTo("GoLang");

    json("{\"key\":\"%s\",\"value\":\"Java\"}".formatted(key)).expect(204);
    service.delete("/delete" + query).send().expect(204);
    service.get("/get" + query).send().expect(ErrorCode.NOT_FOUND);
    service.delete("/delete" + query).send().expect(ErrorCode.NOT_FOUND);
  }

  @Test
  void form_putGetAsText() {
    RawRequest put =
        service.post("/put").header("Content-Type", "application/x-www-form-urlencoded");
    put.body("key=" + parameter(key) + "&value=h%C3%A9+%26+co%3D1").send().expect(201);
    Answer read = service.get("/get" + query).header("Accept", "text/plain").send().expect(200);
    assertThat(read.text()).isEqualTo("h\u00E9 & co=1");
    assertThat(read.header("Content-Type")).isEqualToIgnoringWhitespace("text/plain;charset=UTF-8");
  }

  @Test
  void bytesThatAreNoText_areBase64InJson() {
    byte[] value = {(byte) 0xFE, 0, 1};
    service.put(target(key)).body(value).send().expect(201);
    assertThat(service.get("/get" + query).send().json().getString("valueBase64"))
        .isEqualTo(Base64.getEncoder().encodeToString(value));
    json("{\"key\":\"%s\",\"valueBase64\":\"AP8=\"}".formatted(key)).expect(204);
    assertThat(service.get(target(key)).send().body()).isEqualTo(new byte[] {0, (byte) 0xFF});
  }

  @Test
  void emptyValue_isAValue() {
    json("{\"key\":\"%s\",\"value\":\"\"}".formatted(key)).expect(201);
    assertThat(service.get("/get" + query).send().json().getString("value")).isEmpty();
  }

  @Test
  void largestValue_fits_andOneMoreByteDoesNot() {
    String largest = "\\u0001".repeat(1 << 20);
    json("{\"key\":\"%s\",\"value\":\"%s\"}".formatted(key, largest)).expect(201);
    json("{\"key\":\"%s\",\"value\":\"%sx\"}".formatted(key, largest)).expect(ErrorCode.TOO_LARGE);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "null",
        "[]",
        "\"text\"",
        "{",
        "{}",
        "{\"key\":\"a\"}",
        "{\"value\":\"a\"}",
        "{\"key\":null,\"value\":\"a\"}",
        "{\"key\":\"a\",\"value\":null}",
        "{\"key\":1,\"value\":{}}",
        "{\"key\":\"a\",\"value\":[1]}",
        "{\"key\":\"a\",\"value\":\"b\"} trailing",
        "{\"key\":\"a\",\"value\":\"b\",\"valueBase64\":\"AA==\"}",
        "{\"key\":\"a\",\"valueBase64\":\"***\"}",
        "{\"key\":\"a\",\"value\":\"\\ud800\"}",
        "{'key':'a','value':'b'}"
      })
  void badJson_isRefused(String body) {
    Answer refused = json(body).expect(400);
    refused.expect(ErrorCode.REQUEST_INVALID);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "/a", "a/", "..", "a//b", "\\u0000"})
  void badKey_isRefused(String bad) {
    json("{\"key\":\"%s\",\"value\":\"x\"}".formatted(bad)).expect(ErrorCode.KEY_INVALID);
  }

  @ParameterizedTest
  @CsvSource({
    "value=x, key",
    "key=a, value",
    "key=a&value=x&value=y, value",
    "key=a&value=x&other=y, other",
    "key=a&value=%zz, query",
    "key=a&value=%ff, query"
  })
  void badForm_isRefused(String body, String field) {
    Answer refused =
        service
            .post("/put")
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(body)
            .send()
            .expect(ErrorCode.REQUEST_INVALID);
    assertThat(refused.json().getString("field", "")).isEqualTo(field);
  }

  @ParameterizedTest
  @ValueSource(strings = {"/get", "/get?", "/get?key=a&key=b", "/get?name=a", "/get?key=%ff"})
  void badQuery_isRefused(String target) {
    service.get(target).send().expect(ErrorCode.REQUEST_INVALID);
    service.delete(target.replace("/get", "/delete")).send().expect(ErrorCode.REQUEST_INVALID);
  }

  @Test
  void mediaTypes_thatAreNotOffered() {
    service
        .post("/put")
        .header("Content-Type", "text/xml")
        .body("<a/>")
        .send()
        .expect(ErrorCode.UNSUPPORTED_MEDIA_TYPE);
    service.put(target(key)).body("x").send().expect(201);
    service
        .get("/get" + query)
        .header("Accept", "image/png")
        .send()
        .expect(ErrorCode.NOT_ACCEPTABLE);
  }

  private Answer json(String body) {
    return service.post("/put").header("Content-Type", "application/json").body(body).send();
  }
}
