package org.kvstore.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kvstore.it.support.Service.target;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.kvstore.api.ErrorCode;
import org.kvstore.api.MediaTypes;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.Deployed;
import org.kvstore.it.support.RawRequest;

/** PATCH: values changed in terms of what they are, inside the commit. */
class PatchIT extends Deployed {
  private final String key = prefix() + "key";

  @Test
  void increment_ofAMissingKey_startsAtZero() {
    assertThat(patch(MediaTypes.INCREMENT, "{\"by\":2}").expect(200).text()).isEqualTo("2");
    Answer second = patch(MediaTypes.INCREMENT, "{\"by\":-3.5}").expect(200);
    assertThat(second.text()).isEqualTo("-1.5");
    assertThat(service.get(target(key)).send().etag()).isEqualTo(second.etag());
  }

  @Test
  void jsonPatch_changesAndTests() {
    service
        .put(target(key))
        .header("Content-Type", "application/json")
        .body("{\"a\":[1,2]}")
        .send()
        .expect(201);
    Answer patched =
        patch(
                MediaTypes.JSON_PATCH,
                "[{\"op\":\"test\",\"path\":\"/a/0\",\"value\":1},"
                    + "{\"op\":\"add\",\"path\":\"/a/-\",\"value\":3}]")
            .expect(200);
    assertThat(patched.text()).isEqualTo("{\"a\":[1,2,3]}");
    assertThat(patched.header("Content-Type")).isEqualTo("application/json");
    patch(MediaTypes.JSON_PATCH, "[{\"op\":\"test\",\"path\":\"/a/0\",\"value\":9}]")
        .expect(ErrorCode.PATCH_FAILED);
  }

  @Test
  void mergePatch_replacesAndRemoves() {
    service.put(target(key)).body("{\"a\":1,\"b\":2}").send().expect(201);
    assertThat(patch(MediaTypes.MERGE_PATCH, "{\"b\":null,\"c\":3}").expect(200).text())
        .isEqualTo("{\"a\":1,\"c\":3}");
  }

  @Test
  void condition_holdsInsideTheCommit() {
    String etag = service.put(target(key)).body("1").send().expect(201).etag();
    request(MediaTypes.INCREMENT, "{\"by\":1}").header("If-Match", etag).send().expect(200);
    request(MediaTypes.INCREMENT, "{\"by\":1}")
        .header("If-Match", etag)
        .send()
        .expect(ErrorCode.PRECONDITION_FAILED);
  }

  @Test
  void timeToLive_isKept() {
    service.put(target(key) + "?ttl=1h").body("1").send().expect(201);
    assertThat(patch(MediaTypes.INCREMENT, "{\"by\":1}").expect(200).header("KV-Expires-At"))
        .isNotBlank();
  }

  @Test
  void repeatUnderTheSameName_addsOnce() {
    RawRequest named = request(MediaTypes.INCREMENT, "{\"by\":5}").header("Idempotency-Key", key);
    assertThat(named.send().expect(200).text()).isEqualTo("5");
    assertThat(named.send().expect(200).text()).isEqualTo("5");
    assertThat(service.get(target(key)).send().text()).isEqualTo("5");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "application/vnd.kvstore.increment+json | {} | 400",
        "application/vnd.kvstore.increment+json | {\"by\":\"1\"} | 400",
        "application/vnd.kvstore.increment+json | {\"by\":1e50} | 400",
        "application/vnd.kvstore.increment+json | {\"by\":1,\"at\":2} | 400",
        "application/vnd.kvstore.increment+json | {\"by\":1} | 422",
        "application/json-patch+json | {} | 400",
        "application/json-patch+json | [{\"op\":\"jump\",\"path\":\"/a\"}] | 400",
        "application/json-patch+json | [ | 400",
        "application/merge-patch+json | {\"a\":1} | 422",
        "application/json | {} | 415",
      })
  void oddPatchOfText_isRefusedAndChangesNothing(String type, String body, int status) {
    service.put(target(key)).body("text").send().expect(201);
    assertThat(patch(type, body).status()).isEqualTo(status);
    assertThat(service.get(target(key)).send().text()).isEqualTo("text");
  }

  @Test
  void jsonPatch_ofAMissingKey_notFound() {
    patch(MediaTypes.JSON_PATCH, "[]").expect(ErrorCode.NOT_FOUND);
    patch(MediaTypes.MERGE_PATCH, "{}").expect(ErrorCode.NOT_FOUND);
  }

  private Answer patch(String type, String body) {
    return request(type, body).send();
  }

  private RawRequest request(String type, String body) {
    return service.request("PATCH", target(key)).header("Content-Type", type).body(body);
  }
}
