package org.kvstore.it;

import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.kvstore.it.support.Service.target;

import jakarta.json.JsonObject;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.kvstore.api.ErrorCode;
import org.kvstore.api.MediaTypes;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.Deployed;

/** Entries that end by themselves. */
class TimeToLiveIT extends Deployed {
  private final String key = target(prefix() + "short-lived");

  @ParameterizedTest
  @CsvSource({"500s,500", "PT8M,480", "10m,600", "2h,7200", "7d,604800", "3000000ms,3000"})
  void timeToLive_isShownAsTimeOfExpiry(String ttl, long seconds) {
    Instant before = Instant.now();
    Answer put = service.put(key + "?ttl=" + ttl).body("x").send().expect(201);
    Instant expiry = Instant.parse(put.header("KV-Expires-At"));
    assertThat(expiry)
        .isBetween(before.plusSeconds(seconds).minusMillis(1), Instant.now().plusSeconds(seconds));
    assertThat(service.get(key).send().header("KV-Expires-At")).isEqualTo(expiry.toString());
    assertThat(
            service
                .get(key)
                .header("Accept", MediaTypes.ENTRY)
                .send()
                .json()
                .getString("expiresAt"))
        .isEqualTo(expiry.toString());
  }

  @ParameterizedTest
  @ValueSource(strings = {"36501d", "PT9223372036854775807S", "999999999999999d", "PT0.0009S"})
  void timeToLiveBeyondItsLimits_isRefused(String ttl) {
    JsonObject problem =
        service.put(key + "?ttl=" + ttl).body("x").send().expect(ErrorCode.REQUEST_INVALID).json();
    assertThat(problem.getString("field")).isEqualTo("ttl");
  }

  @Test
  void entry_isGoneWithinASecondOfItsTime_andNotBefore() {
    Answer put = service.put(key + "?ttl=1500ms").body("x").send().expect(201);
    Instant expiry = Instant.parse(put.header("KV-Expires-At"));
    await()
        .atMost(Duration.ofSeconds(20))
        .pollInterval(20, MILLISECONDS)
        .until(() -> service.get(key).send().status() == 404);
    assertThat(Instant.now()).isBetween(expiry, expiry.plus(Duration.ofMillis(1_500)));

    service.get(key).header("Accept", MediaTypes.ENTRY).send().expect(ErrorCode.NOT_FOUND);
    service.put(key).header("If-Match", put.etag()).body("y").send().expect(412);
    assertThat(service.get(key + "?revision=" + put.revision()).send().expect(200).text())
        .isEqualTo("x");
    service.put(key).header("If-None-Match", "*").body("again").send().expect(201);
  }

  @Test
  void plainReplace_clearsIt_andKeepTtlKeepsIt() {
    String expiry =
        service.put(key + "?ttl=1h").body("x").send().expect(201).header("KV-Expires-At");
    Answer kept = service.put(key + "?keepTtl=true").body("y").send().expect(204);
    assertThat(kept.header("KV-Expires-At")).isEqualTo(expiry);

    assertThat(service.put(key).body("z").send().expect(204).findHeader("KV-Expires-At")).isEmpty();
    assertThat(service.get(key).send().findHeader("KV-Expires-At")).isEmpty();
    assertThat(service.put(key + "?keepTtl").body("z").send().findHeader("KV-Expires-At"))
        .isEmpty();
  }

  @Test
  void clearedOrProlongedTime_doesNotEndTheEntry() {
    String marker = key + "-marker";
    service.put(key + "?ttl=1s").body("cleared").send().expect(201);
    service.put(key).body("stays").send().expect(204);
    service.put(key + "-longer?ttl=1s").body("prolonged").send().expect(201);
    service.put(key + "-longer?ttl=1h").body("stays").send().expect(204);
    service.put(marker + "?ttl=2s").body("").send().expect(201);
    await().atMost(Duration.ofSeconds(20)).until(() -> service.get(marker).send().status() == 404);

    assertThat(service.get(key).send().expect(200).text()).isEqualTo("stays");
    assertThat(service.get(key + "-longer").send().expect(200).text()).isEqualTo("stays");
  }
}
