package org.kvstore.it.fuzz;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.kvstore.it.support.Service.parameter;
import static org.kvstore.it.support.Service.target;

import jakarta.json.JsonArray;
import jakarta.json.JsonObject;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.Seed;
import org.kvstore.it.support.ServerProcess;
import org.kvstore.it.support.Service;

/**
 * Whatever is sent: an answer in time and in form, and a server that is as it was.
 *
 * <p>{@code -Plong} sends 100,000 requests, {@code -Drequests=N} as many; {@code -Dseed=N} draws
 * the same ones again.
 */
class FuzzIT {
  private static final String OURS = "FuzzIT/";
  private static final int ENOUGH = 5_000;
  private static final int MANY = 100_000;
  private static final int KEYS = 60;
  private static final int MORE_THREADS = 24;
  private static final long MORE_HEAP = 24 << 20;
  private static final long MORE_RESIDENT = 128 << 20;

  private ServerProcess server;
  private Service service;

  @BeforeEach
  void start() {
    server = ServerProcess.ready(ServerProcess.directory("fuzz"));
    service = server.service();
  }

  @AfterEach
  void stop() {
    if (server != null) {
      server.close();
    }
  }

  @Test
  void anyRequest_isAnsweredInTimeAndInForm_andDoesNoHarm() throws Exception {
    int requests = Integer.getInteger("requests", Boolean.getBoolean("long") ? MANY : ENOUGH);
    IntStream.range(0, KEYS).forEach(this::put);
    JsonArray before = ours();
    Fuzzer fuzzer = new Fuzzer(service, Seed.random("FuzzIT").nextLong(), tokens());
    fuzzer.run(0, requests / 4);
    Footprint early = Footprint.of(server);
    fuzzer.run(requests / 4, requests);
    System.out.printf(
        "FuzzIT: requests=%d statuses=%s accepted=%s%n",
        requests, new TreeMap<>(fuzzer.statuses()), new TreeMap<>(fuzzer.accepted()));
    assertThat(fuzzer.faults()).isEmpty();
    requireBreadth(fuzzer, requests);
    requireNoGrowth(early);
    requireHealth();
    assertThat(ours()).isEqualTo(before);
  }

  /** Requests that all fail in one way, or meet a server that refuses everything, show little. */
  private static void requireBreadth(Fuzzer fuzzer, int requests) {
    if (requests < ENOUGH) {
      return;
    }
    Map<Integer, Long> statuses = fuzzer.statuses();
    assertThat(statuses).containsKeys(200, 201, 204, 400, 404, 405, 406, 410, 412, 415);
    assertThat(statuses.get(200)).as("of %s", statuses).isGreaterThan(requests / 10);
    assertThat(statuses.getOrDefault(503, 0L)).as("of %s", statuses).isLessThan(requests / 100);
    assertThat(statuses.getOrDefault(0, 0L)).as("of %s", statuses).isLessThan(requests / 20);
    // Those of a cluster are missing on a single server.
    long endpoints =
        fuzzer.endpoints().stream().filter(of -> !of.path().contains("/cluster")).count();
    assertThat(fuzzer.accepted())
        .as("endpoints that did as they were asked")
        .hasSizeGreaterThan((int) (endpoints * 3 / 4));
  }

  private void requireNoGrowth(Footprint early) {
    // Clients of watches that have gone are noticed at the next sign of life.
    await()
        .atMost(Duration.ofMinutes(2))
        .pollInterval(Duration.ofSeconds(1))
        .untilAsserted(
            () -> {
              Footprint late = Footprint.of(server);
              System.out.printf("FuzzIT: early=%s late=%s%n", early, late);
              assertThat(late.threads()).isLessThan(early.threads() + MORE_THREADS);
              assertThat(late.heapBytes()).isLessThan(early.heapBytes() + MORE_HEAP);
              assertThat(late.residentBytes()).isLessThan(early.residentBytes() + MORE_RESIDENT);
              assertThat(service.metric("kvstore_held_requests")).isZero();
            });
  }

  private void requireHealth() {
    service.get("/health/ready").send().expect(200);
    Answer written = service.put(target(OURS + "last")).body("x").send().expect(201);
    assertThat(service.get(target(OURS + "last")).send().expect(200).etag())
        .isEqualTo(written.etag());
    service.delete(target(OURS + "last")).send().expect(204);
    assertThat(server.log()).doesNotContain("OutOfMemory");
  }

  private void put(int number) {
    service
        .put(target(OURS + number + " \u00e9/%2F;x=y"))
        .header("Content-Type", "text/plain")
        .body("value " + number)
        .send()
        .expect(201);
  }

  /** The entries that no request is for, with all that is known of them. */
  private JsonArray ours() {
    return service
        .get("/v1/kv?limit=1000&prefix=" + parameter(OURS))
        .send()
        .expect(200)
        .json()
        .getJsonArray("entries");
  }

  private List<String> tokens() {
    JsonObject page = service.get("/v1/kv?limit=1").send().expect(200).json();
    return List.of(page.getString("cursor"), page.getString("position"));
  }
}
