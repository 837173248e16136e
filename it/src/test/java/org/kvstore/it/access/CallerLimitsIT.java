package org.kvstore.it.access;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.kvstore.it.access.SecuredServer.as;

import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kvstore.api.ErrorCode;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.EventStream;
import org.kvstore.it.support.EventStream.ServerEvent;
import org.kvstore.it.support.RawConnection;
import org.kvstore.it.support.RawRequest;
import org.kvstore.it.support.ServerProcess;
import org.kvstore.it.support.Service;

/** A caller who asks for more than their share is told when to come again; nobody else is. */
@Timeout(240)
class CallerLimitsIT {
  private static final int REQUESTS = 20;
  private static final int BYTES = 50_000;
  private static final String LARGE = "{\"op\":\"get\",\"key\":\"large\"}\n";

  /** With a limit of bytes, which each test uses up as callers of its own. */
  private static SecuredServer bytes;

  private final ExecutorService threads = Executors.newCachedThreadPool();

  @BeforeAll
  static void start() {
    bytes = limited("caller-bytes", "KV_LIMITS_CALLER_BYTES", BYTES);
  }

  @AfterAll
  static void stop() {
    bytes.close();
  }

  @AfterEach
  void stopThreads() {
    threads.shutdownNow();
  }

  @Test
  void requests_aboveTheLimit_areRefused_ofThatCallerAlone() {
    try (SecuredServer server = limited("caller-requests", "KV_LIMITS_CALLER_REQUESTS", REQUESTS)) {
      Service service = server.service();
      String greedy = server.token("greedy").getString("token");
      String modest = server.token("modest").getString("token");
      server.grant("subject", "greedy", "", "write");
      String lease =
          as(greedy, SecuredServer.json(service.post("/v1/leases"), "{\"ttl\":\"PT1M\"}"))
              .send()
              .expect(201)
              .json()
              .getString("id");

      Answer refused = untilRefused(as(greedy, service.get("/v1/kv/k")));

      refused.expect(ErrorCode.TOO_MANY_REQUESTS);
      assertThat(refused.header("Retry-After")).isEqualTo("1");
      assertThat(refused.header("RateLimit")).isEqualTo("\"requests\";r=0;t=1");
      assertThat(refused.json().getInt("limit")).isEqualTo(REQUESTS);
      as(greedy, service.put("/v1/leases/" + lease)).send().expect(200);
      as(greedy, service.get("/v1/status")).send().expect(200);
      untilRefused(as(greedy, service.delete("/v1/leases/none")));
      as(modest, service.get("/v1/kv/k")).send().expect(ErrorCode.FORBIDDEN);
      for (int i = 0; i < 3 * REQUESTS; i++) {
        server.asOperator(service.get("/v1/kv/k")).expect(404);
      }
    }
  }

  @Test
  void bytes_aboveTheLimit_haveToBeMadeGood() {
    Service service = bytes.service();
    String token = caller("reader", "write");
    bytes.asOperator(service.put("/v1/kv/reader/large").body("x".repeat(4 * BYTES))).expect(201);

    as(token, service.get("/v1/kv/reader/large")).send().expect(200);

    Answer refused = as(token, service.get("/v1/kv/reader/large")).send();
    refused.expect(ErrorCode.TOO_MANY_REQUESTS);
    assertThat(Integer.parseInt(refused.header("Retry-After"))).isBetween(2, 3);
    assertThat(refused.header("RateLimit-Policy"))
        .isEqualTo("\"bytes\";q=50000;w=1;qu=\"content-bytes\"");
  }

  /** All are held until the same write, so that none is over before the others have begun. */
  @Test
  @EnabledIfSystemProperty(named = "long", matches = "true")
  void bytes_ofAnswersAtTheSameTime_areAddedUp() {
    int answers = 5;
    Service service = bytes.service();
    String token = caller("parallel", "read");
    List<CompletableFuture<Answer>> held =
        Stream.generate(() -> service.get("/v1/kv/parallel/large").header("Prefer", "wait=60"))
            .limit(answers)
            .map(read -> CompletableFuture.supplyAsync(() -> as(token, read).send(), threads))
            .toList();
    await()
        .until(
            () ->
                bytes
                    .asOperator(service.get("/metrics"))
                    .text()
                    .lines()
                    .anyMatch(line -> line.matches("kvstore_held_requests 5([.]0)?")));

    bytes.asOperator(service.put("/v1/kv/parallel/large").body("x".repeat(2 * BYTES))).expect(201);

    held.forEach(answer -> assertThat(answer.join().expect(200).body()).hasSize(2 * BYTES));
    Answer refused = as(token, service.get("/v1/kv/parallel/large")).send();
    refused.expect(ErrorCode.TOO_MANY_REQUESTS);
    // Of ten seconds' worth one had been left.
    assertThat(Integer.parseInt(refused.header("Retry-After"))).isBetween(6, 10);
  }

  @Test
  void batchesAndExports_areSlowedDownToTheLimit_andEndWhole() {
    Service service = bytes.service();
    String token = caller("paced", "write");
    int lines = 20;
    String batch =
        IntStream.range(0, lines)
            .mapToObj(
                i ->
                    "{\"op\":\"put\",\"key\":\"paced/%02d\",\"value\":\"%s\"}\n"
                        .formatted(i, "x".repeat(BYTES / 5)))
            .collect(Collectors.joining());

    long began = System.nanoTime();
    as(token, service.post("/v1/batch").header("Content-Type", "application/x-ndjson"))
        .body(batch)
        .send()
        .expect(200);
    Duration written = Duration.ofNanos(System.nanoTime() - began);
    Answer export = null;
    long asked = System.nanoTime();
    while (export == null || export.status() == 429) {
      export =
          as(token, service.get("/v1/kv?prefix=paced/").header("Accept", "application/x-ndjson"))
              .send();
    }
    Duration read = Duration.ofNanos(System.nanoTime() - asked);

    assertThat(export.expect(200).text().lines()).hasSize(lines);
    assertThat(written).isGreaterThan(Duration.ofMillis(2_500));
    assertThat(read).isGreaterThan(Duration.ofMillis(2_500));
  }

  @Test
  void resultsOfABatch_areSlowedDownToTheLimit() {
    Service service = bytes.service();
    String token = caller("results", "read");
    bytes.asOperator(service.put("/v1/kv/results/large").body("x".repeat(BYTES))).expect(201);
    int lines = 5;

    long began = System.nanoTime();
    Answer results = batch(service, token, LARGE.replace("large", "results/large").repeat(lines));
    Duration read = Duration.ofNanos(System.nanoTime() - began);

    assertThat(results.text().lines()).hasSize(lines);
    assertThat(read).isGreaterThan(Duration.ofMillis(3_500));
  }

  @Test
  @EnabledIfSystemProperty(named = "long", matches = "true")
  void linesOfABatchThatSayNothing_areSlowedDownToo() {
    try (SecuredServer server =
        SecuredServer.ready(
            "caller-blank",
            Map.of(
                "KV_LIMITS_CALLER_BYTES",
                Integer.toString(BYTES),
                "KV_LIMITS_VALUE_BYTES",
                "1024"))) {
      String token = server.token("ann").getString("token");
      server.grant("subject", "ann", "", "read");

      long began = System.nanoTime();
      batch(server.service(), token, "\n".repeat(3 * BYTES));
      Duration blank = Duration.ofNanos(System.nanoTime() - began);
      long again = System.nanoTime();
      Answer tooLong = batch(server.service(), token, "x".repeat(3 * BYTES) + "\n");
      Duration discarded = Duration.ofNanos(System.nanoTime() - again);

      assertThat(blank).isGreaterThan(Duration.ofMillis(1_800));
      assertThat(tooLong.json().getInt("status")).isEqualTo(413);
      assertThat(discarded).isGreaterThan(Duration.ofMillis(1_800));
    }
  }

  /** What its caller's bytes would make it wait for, it does not wait for. */
  @Test
  @EnabledIfSystemProperty(named = "long", matches = "true")
  void batchThatIsSlowedDown_endsInOrder_whenTheServerStops() throws Exception {
    try (ServerProcess server =
            ServerProcess.ready(
                ServerProcess.directory("caller-stop"),
                Map.of("KV_LIMITS_CALLER_BYTES", Integer.toString(1 << 20)));
        RawConnection batch = new RawConnection(server.service().port())) {
      server.service().put("/v1/kv/large").body("x".repeat(1 << 20)).send().expect(201);
      Thread stop = new Thread(server::stop);
      batch.send(
          ndjson(server.service().post("/v1/batch")).keptAlive().body(LARGE.repeat(100)).bytes());
      batch.readHead("POST /v1/batch").expect(200);
      long stopped = 0;
      ByteArrayOutputStream results = new ByteArrayOutputStream();
      for (byte[] chunk = batch.chunk(); chunk.length > 0; chunk = batch.chunk()) {
        results.writeBytes(chunk);
        if (stopped == 0 && results.size() > 2 << 20) {
          stopped = System.nanoTime();
          stop.start();
        }
      }
      Duration ending = Duration.ofNanos(System.nanoTime() - stopped);
      stop.join();

      assertThat(results.toString(UTF_8))
          .endsWith("\n")
          .satisfies(text -> assertThat(text.lines().count()).isBetween(3L, 20L))
          .satisfies(text -> assertThat(text.lines()).allMatch(line -> line.endsWith("}}")));
      assertThat(ending).isLessThan(Duration.ofSeconds(5));
    }
  }

  /** It is refused before a byte of it is read. */
  @ParameterizedTest
  @ValueSource(strings = {"1000000000000000", "999999999999999999"})
  @EnabledIfSystemProperty(named = "long", matches = "true")
  void bodyThatSaysItIsTooLong_costsNoMoreThanTheLongestAnswer(String length) {
    try (ServerProcess server =
        ServerProcess.ready(
            ServerProcess.directory("caller-length"),
            Map.of("KV_LIMITS_CALLER_BYTES", Integer.toString(BYTES)))) {
      Service service = server.service();
      RawRequest large = service.put("/v1/kv/k").header("Content-Length", length).unframed("");

      large.send().expect(ErrorCode.TOO_LARGE);

      Answer refused = service.get("/v1/kv/k").send();
      refused.expect(ErrorCode.TOO_MANY_REQUESTS);
      assertThat(Integer.parseInt(refused.header("Retry-After"))).isBetween(1, 10);
    }
  }

  /** A page costs what it has, an export waits for that itself, and neither pays twice. */
  @Test
  @EnabledIfSystemProperty(named = "long", matches = "true")
  void whateverIsAnsweredToSeveralTypes_isCountedOnce() {
    Service service = bytes.service();
    String paged = caller("paged-types", "read");
    String streamed = caller("streamed-types", "read");
    bytes.asOperator(service.put("/v1/kv/types/large").body("x".repeat(4 * BYTES))).expect(201);

    Answer page =
        as(paged, service.get("/v1/kv?prefix=types/"))
            .header("Accept", "application/x-ndjson;q=0.1")
            .header("Accept", "application/json")
            .send()
            .expect(200);
    Answer afterPage = as(paged, service.get("/v1/kv/types/none")).send();
    Answer export =
        as(streamed, service.get("/v1/kv?prefix=types/"))
            .header("Accept", "application/json;q=0.1, application/x-ndjson")
            .send()
            .expect(200);
    Answer afterExport = as(streamed, service.get("/v1/kv/types/none")).send();

    assertThat(page.header("Content-Type")).startsWith("application/json");
    afterPage.expect(ErrorCode.TOO_MANY_REQUESTS);
    assertThat(export.header("Content-Type")).startsWith("application/x-ndjson");
    assertThat(afterExport.findHeader("Retry-After").orElse("1")).isEqualTo("1");
  }

  @Test
  void watch_isSlowedDownToTheLimit_andLosesNothing_whileOthersAreNot() {
    List<String> keys = IntStream.range(0, 30).mapToObj(i -> "watched/%02d".formatted(i)).toList();
    Service service = bytes.service();
    String greedy = caller("greedy", "read");
    String modest = caller("modest", "read");
    try (EventStream all = EventStream.open(as(greedy, service.get("/v1/watch?prefix=watched/")));
        EventStream last = EventStream.open(as(modest, service.get("/v1/watch?key=watched/29")))) {
      long began = System.nanoTime();
      for (String key : keys) {
        bytes.asOperator(service.put("/v1/kv/" + key).body("x".repeat(BYTES / 5))).expect(201);
      }
      assertThat(last.nextChange().key()).isEqualTo("watched/29");
      Duration quick = Duration.ofNanos(System.nanoTime() - began);

      List<ServerEvent> events = all.nextChanges(keys.size());
      Duration slow = Duration.ofNanos(System.nanoTime() - began);

      assertThat(events).extracting(ServerEvent::key).isEqualTo(keys);
      assertThat(slow).isGreaterThan(Duration.ofSeconds(3)).isGreaterThan(quick.multipliedBy(2));
    }
  }

  @Test
  void withoutAuthentication_anAddressIsACaller() {
    try (ServerProcess server =
        ServerProcess.ready(
            ServerProcess.directory("caller-address"), Map.of("KV_LIMITS_CALLER_REQUESTS", "5"))) {
      Answer answer = null;
      for (int i = 0; answer == null || answer.status() != 429; i++) {
        assertThat(i).as("requests let in").isLessThan(1_000);
        answer = server.service().get("/v1/kv/k").send();
      }
      server.service().get("/v1/status").send().expect(200);
      server.service().get("/health/ready").send().expect(200);
    }
  }

  /** A token of a caller of the shared server that nobody else is, for all keys. */
  private static String caller(String subject, String permission) {
    bytes.grant("subject", subject, "", permission);
    return bytes.token(subject).getString("token");
  }

  /** How many are let in depends on how fast they come. */
  private static Answer untilRefused(RawRequest request) {
    Answer answer = request.send();
    for (int i = 0; answer.status() != 429; i++) {
      assertThat(i).as("requests let in").isLessThan(100 * REQUESTS);
      assertThat(answer.header("RateLimit-Policy")).isEqualTo("\"requests\";q=20;w=1");
      assertThat(answer.header("RateLimit")).matches("\"requests\";r=[0-9]+;t=1");
      answer = request.send();
    }
    return answer;
  }

  private static Answer batch(Service service, String token, String lines) {
    return as(token, ndjson(service.post("/v1/batch")).body(lines)).send().expect(200);
  }

  private static RawRequest ndjson(RawRequest request) {
    return request.header("Content-Type", "application/x-ndjson");
  }

  private static SecuredServer limited(String name, String variable, int limit) {
    return SecuredServer.ready(name, Map.of(variable, Integer.toString(limit)));
  }
}
