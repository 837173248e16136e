package org.kvstore.it;

import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.kvstore.it.support.Service.target;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.kvstore.api.ErrorCode;
import org.kvstore.api.MediaTypes;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.Deployed;
import org.kvstore.it.support.RawConnection;
import org.kvstore.it.support.RawRequest;

/** {@code Prefer: wait}: an answer is held until there is news, on no thread. */
class HeldReadIT extends Deployed {
  private static final int MANY = 1_000;

  private final String key = target(prefix() + "held");

  @Test
  void missingKey_isAnsweredWhenItAppears() throws IOException {
    RawRequest held = service.get(key).header("Prefer", "wait=60");
    try (RawConnection connection = held.open()) {
      awaitHeld(1);
      service.put(key).header("Content-Type", "text/plain").body("news").send().expect(201);

      Answer answer = connection.read(held.line()).expect(200);
      assertThat(answer.text()).isEqualTo("news");
      assertThat(answer.header("Content-Type")).isEqualTo("text/plain");
      assertThat(answer.header("Preference-Applied")).isEqualTo("wait=60");
    }
    awaitHeld(0);
  }

  @Test
  void knownEntry_isAnsweredWhenItChanges_inTheFormAskedFor() throws IOException {
    String etag = documentTagOf("old");
    RawRequest held =
        service
            .get(key)
            .header("Prefer", "respond-async, wait=60")
            .header("Accept", MediaTypes.ENTRY)
            .header("If-None-Match", etag);
    try (RawConnection connection = held.open()) {
      awaitHeld(1);
      service.put(key).body("new").send().expect(204);
      Answer answer = connection.read(held.line()).expect(200);
      assertThat(answer.json().getString("value")).isEqualTo("new");
    }
  }

  @Test
  void deletedEntry_isNoNews_untilItIsWrittenAgain() throws IOException {
    String etag = service.put(key).body("old").send().etag();
    RawRequest held = service.get(key).header("Prefer", "wait=60").header("If-None-Match", etag);
    try (RawConnection connection = held.open()) {
      awaitHeld(1);
      service.delete(key).send().expect(204);
      service.put(key).body("again").send().expect(201);
      assertThat(connection.read(held.line()).expect(200).text()).isEqualTo("again");
    }
  }

  @Test
  void noNewsInTime_isAnswered304Or404() {
    long start = System.nanoTime();
    service.get(key).header("Prefer", "wait=1").send().expect(ErrorCode.NOT_FOUND);
    String etag = service.put(key).body("x").send().etag();
    service.get(key).header("Prefer", "wait=1").header("If-None-Match", etag).send().expect(304);
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThan(Duration.ofSeconds(2));
  }

  @Test
  void news_areAnsweredAtOnce() {
    service.put(key).body("x").send().expect(201);
    long start = System.nanoTime();
    service.get(key).header("Prefer", "wait=60").send().expect(200);
    service
        .get(key)
        .header("Prefer", "wait=60")
        .header("If-None-Match", "\"1\"")
        .send()
        .expect(200);
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(20));
  }

  @Test
  void preferenceThatMeansNothingHere_isIgnored() {
    service.get(key).header("Prefer", "return=minimal").send().expect(ErrorCode.NOT_FOUND);
    service.get(key).header("Prefer", "wait=soon").send().expect(ErrorCode.NOT_FOUND);
    service.get(key).header("Prefer", "wait=-1").send().expect(ErrorCode.NOT_FOUND);
    service.get(key).header("Prefer", "wait=0").send().expect(ErrorCode.NOT_FOUND);
    service.put(key).body("x").send().expect(201);
    service.get(key).header("Prefer", "wait").send().expect(200);
    service.request("HEAD", key).header("Prefer", "wait=5").send().expect(200);
  }

  @Test
  void thousandHeldRequests_occupyNoThread_andAreAllAnswered() throws IOException {
    service.get(key).send().expect(ErrorCode.NOT_FOUND);
    double before = service.metric("jvm_threads_current");
    RawRequest held = service.get(key).header("Prefer", "wait=120");
    List<RawConnection> connections = new ArrayList<>();
    try {
      for (int i = 0; i < MANY; i++) {
        connections.add(held.open());
      }
      awaitHeld(MANY);
      assertThat(service.metric("jvm_threads_current")).isLessThan(before + 50);
      service.put(key).body("news").send().expect(201);
      for (RawConnection connection : connections) {
        assertThat(connection.read(held.line()).expect(200).text()).isEqualTo("news");
      }
    } finally {
      connections.forEach(RawConnection::close);
    }
    awaitHeld(0);
  }

  @Test
  void entryThatExpires_isNoNews_butTheHeldReadSeesItsSuccessor() throws IOException {
    String etag = service.put(key + "?ttl=1s").body("short").send().etag();
    RawRequest held = service.get(key).header("Prefer", "wait=60").header("If-None-Match", etag);
    try (RawConnection connection = held.open()) {
      awaitHeld(1);
      await().until(() -> service.get(key).send().status() == 404);
      service.put(key).body("next").send().expect(201);
      assertThat(connection.read(held.line()).expect(200).text()).isEqualTo("next");
    }
  }

  /** Writes a value and reads the tag of its JSON document, which is not that of the value. */
  private String documentTagOf(String value) {
    service.put(key).body(value).send().expect(201);
    return service.get(key).header("Accept", MediaTypes.ENTRY).send().expect(200).etag();
  }

  private void awaitHeld(int count) {
    await()
        .atMost(Duration.ofSeconds(60))
        .pollInterval(100, MILLISECONDS)
        .untilAsserted(() -> assertThat(service.metric("kvstore_held_requests")).isEqualTo(count));
  }
}
