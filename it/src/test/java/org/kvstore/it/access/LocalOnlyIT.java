package org.kvstore.it.access;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kvstore.it.support.Service.target;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.kvstore.api.ErrorCode;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.Deployed;

/** Pages of other sites do not write through a browser on this machine, nor read. */
class LocalOnlyIT extends Deployed {
  @ParameterizedTest
  @CsvSource({
    "Host, evil.example",
    "Host, evil.example:8080",
    "Host, 127.0.0.1.evil.example",
    "Origin, https://evil.example",
    "Origin, http://127.0.0.1.evil.example",
    "Origin, null",
    "Sec-Fetch-Site, cross-site",
    "Sec-Fetch-Site, same-site"
  })
  void requestOfAnotherSite_isRefused_andDoesNothing(String header, String value) {
    Answer answer =
        service
            .post("/put")
            .header("Content-Type", "application/x-www-form-urlencoded")
            .header(header, value)
            .body("key=csrf&value=x")
            .send()
            .expect(ErrorCode.FORBIDDEN);

    assertThat(answer.json().getString("field")).isEqualTo(header);
    service.get(target("csrf")).send().expect(ErrorCode.NOT_FOUND);
  }

  /** Nothing is proven by what nobody looks at: a browser sends it with {@code http://x:y@}. */
  @ParameterizedTest
  @ValueSource(strings = {"x", "Basic eDp5", "Bearer x"})
  void requestOfAnotherSite_isRefused_whateverItSaysItIsProvenBy(String authorization) {
    service
        .put(target("csrf"))
        .header("Origin", "https://evil.example")
        .header("Sec-Fetch-Site", "cross-site")
        .header("Authorization", authorization)
        .body("x")
        .send()
        .expect(ErrorCode.FORBIDDEN);
    service.get(target("csrf")).send().expect(ErrorCode.NOT_FOUND);
  }

  /** Which one that is allowed gets an answer to: see {@link CorsIT}. */
  @Test
  void readOfAnotherOrigin_isRefused() {
    service
        .get("/v1/status")
        .header("Origin", "https://app.example.com")
        .header("Sec-Fetch-Site", "cross-site")
        .send()
        .expect(ErrorCode.FORBIDDEN);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"127.0.0.1", "localhost:8080", "[::1]:8080", "kv", "kv.localhost", "10.1.2.3:80"})
  void namesThatNoPageCanHave_areServed(String host) {
    service.get("/v1/status").header("Host", host).send().expect(200);
  }

  @Test
  void pageOfItsOwn_isServed() {
    service
        .get("/v1/status")
        .header("Origin", "http://127.0.0.1:8080")
        .header("Sec-Fetch-Site", "same-origin")
        .send()
        .expect(200);
    service.get("/v1/status").header("Sec-Fetch-Site", "none").send().expect(200);
  }
}
