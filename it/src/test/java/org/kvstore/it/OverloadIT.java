package org.kvstore.it;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.kvstore.it.support.Service.target;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.kvstore.api.ErrorCode;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.RawConnection;
import org.kvstore.it.support.RawRequest;
import org.kvstore.it.support.Scrape;
import org.kvstore.it.support.ServerProcess;
import org.kvstore.it.support.Service;

/** More comes than the server can do: some of it is refused at once, and it is soon over. */
@Timeout(240)
class OverloadIT {
  private static final int CLIENTS = 64;
  private static final int OPERATIONS = 100;
  private static final int LEAST_REFUSALS = 50;
  private static final int KEYS_OF_PAGE = 500;

  /** The server and its clients share the machine, which may be busy: both are generous. */
  private static final Duration AT_ONCE = Duration.ofSeconds(2);

  private static final Duration IN_TIME = Duration.ofSeconds(10);
  private static final int SLOW_CLIENTS = 300;

  private final AtomicBoolean flooding = new AtomicBoolean(true);
  private final ConcurrentLinkedQueue<Attempt> attempts = new ConcurrentLinkedQueue<>();

  /** A transaction that put this key among others, its answer, and how long that took to come. */
  private record Attempt(String key, Answer answer, Duration took) {}

  @Test
  void flood_someIsRefusedAtOnce_theRestIsDoneInTime_andLeasesLiveOn() throws Exception {
    try (ServerProcess server =
        ServerProcess.ready(
            ServerProcess.directory("overload"), Map.of("KV_LIMITS_QUEUE_DELAY", "20ms"))) {
      Service service = server.service();
      String lease =
          service
              .post("/v1/leases")
              .header("Content-Type", "application/json")
              .body("{\"ttl\":\"PT1M\"}")
              .send()
              .expect(201)
              .json()
              .getString("id");
      ExecutorService clients = Executors.newFixedThreadPool(CLIENTS);
      List<Future<?>> running = new ArrayList<>();
      try {
        for (int i = 0; i < CLIENTS; i++) {
          int client = i;
          running.add(clients.submit(() -> flood(service, client)));
        }
        await().atMost(Duration.ofMinutes(2)).until(() -> refusals() >= LEAST_REFUSALS);

        service.put("/v1/leases/" + lease).send().expect(200);
        service.get("/v1/status").send().expect(200);
        service.get("/health/ready").send().expect(200);
        assertThat(service.metric("kvstore_overloaded")).isEqualTo(1);
      } finally {
        flooding.set(false);
        clients.shutdown();
      }
      for (Future<?> one : running) {
        one.get();
      }

      await().atMost(Duration.ofSeconds(5)).until(() -> service.metric("kvstore_overloaded") == 0);
      service.put(target("after")).body("v").send().expect(201);
      Scrape scrape = Scrape.of(service);
      assertThat(
              scrape.value("kvstore_requests_refused_total", "reason=\"pool\"")
                  + scrape.value("kvstore_requests_refused_total", "reason=\"committer\""))
          .isEqualTo(refusals());
      check(service);
    }
  }

  @Test
  void floodOfPages_someIsRefusedAtOnce_theRestIsWhole_andWritesGoOn() throws Exception {
    try (ServerProcess server =
        ServerProcess.ready(
            ServerProcess.directory("pages"), Map.of("KV_LIMITS_QUEUE_DELAY", "20ms"))) {
      Service service = server.service();
      putPage(service);
      ExecutorService clients = Executors.newFixedThreadPool(CLIENTS);
      List<Future<?>> running = new ArrayList<>();
      try {
        for (int i = 0; i < CLIENTS; i++) {
          running.add(clients.submit(() -> listPages(service)));
        }
        await()
            .atMost(Duration.ofMinutes(2))
            .until(() -> refusedForPages(service) >= LEAST_REFUSALS);
        await()
            .atMost(IN_TIME)
            .until(() -> service.put(target("meanwhile")).body("v").send().status() == 201);
      } finally {
        flooding.set(false);
        clients.shutdown();
      }
      for (Future<?> one : running) {
        one.get();
      }
      await().atMost(Duration.ofSeconds(5)).until(() -> service.metric("kvstore_overloaded") == 0);
      service.get("/v1/kv?prefix=page/&limit=500").send().expect(200);
    }
  }

  private static void putPage(Service service) {
    String puts =
        IntStream.range(0, KEYS_OF_PAGE)
            .mapToObj(n -> "{\"op\":\"put\",\"key\":\"page/%d\",\"value\":\"v\"}\n".formatted(n))
            .collect(Collectors.joining());
    service
        .post("/v1/batch")
        .header("Content-Type", "application/x-ndjson")
        .body(puts)
        .send()
        .expect(200);
  }

  private void listPages(Service service) {
    while (flooding.get()) {
      long began = System.nanoTime();
      Answer answer = service.get("/v1/kv?prefix=page/&limit=500").send();
      Duration took = Duration.ofNanos(System.nanoTime() - began);
      if (answer.status() == 429) {
        answer.expect(ErrorCode.TOO_MANY_REQUESTS);
        assertThat(took).as("refused at once").isLessThan(AT_ONCE);
        assertThat(answer.header("Retry-After")).isEqualTo("1");
      } else {
        assertThat(answer.expect(200).json().getJsonArray("entries")).hasSize(KEYS_OF_PAGE);
        assertThat(took).as("done in time").isLessThan(IN_TIME);
      }
    }
  }

  private static double refusedForPages(Service service) {
    return Scrape.of(service).value("kvstore_requests_refused_total", "reason=\"pages\"");
  }

  /** Other tests wait for longer before they refuse; this is what a user has who sets nothing. */
  @Test
  void slowClients_whoHoldBackTheirBodies_areNoOverload_withTheDelayOfTheDefault()
      throws Exception {
    List<RawConnection> slow = new ArrayList<>();
    try (ServerProcess server =
        ServerProcess.ready(
            ServerProcess.directory("slow"), Map.of("KV_LIMITS_QUEUE_DELAY", "500ms"))) {
      for (int i = 0; i < SLOW_CLIENTS; i++) {
        slow.add(
            new RawConnection(server.service().port())
                .send(
                    ("PUT /v1/kv/slow/" + i + " HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n0")
                        .getBytes(US_ASCII)));
      }
      for (int i = 0; i < 20; i++) {
        server.service().put(target("quick/" + i)).body("v").send().expect(201);
        server.service().get(target("quick/" + i)).send().expect(200);
      }
    } finally {
      slow.forEach(RawConnection::close);
    }
  }

  private void flood(Service service, int client) {
    for (int i = 0; flooding.get(); i++) {
      String key = "flood/" + client + "/" + i + "/";
      String puts =
          IntStream.range(0, OPERATIONS)
              .mapToObj(n -> "{\"op\":\"put\",\"key\":\"%s%d\",\"value\":\"v\"}".formatted(key, n))
              .collect(Collectors.joining(","));
      RawRequest request =
          service
              .post("/v1/txn")
              .header("Content-Type", "application/json")
              .body("{\"then\":[" + puts + "]}");
      long began = System.nanoTime();
      Answer answer = request.send();
      attempts.add(new Attempt(key + 0, answer, Duration.ofNanos(System.nanoTime() - began)));
    }
  }

  private long refusals() {
    return attempts.stream().filter(attempt -> attempt.answer().status() == 429).count();
  }

  /** What was let in is there, what was refused is not, and says when to come again. */
  private void check(Service service) {
    for (Attempt attempt : attempts) {
      Answer answer = attempt.answer();
      if (answer.status() == 429) {
        answer.expect(ErrorCode.TOO_MANY_REQUESTS);
        assertThat(attempt.took()).as("refused at once").isLessThan(AT_ONCE);
        assertThat(answer.header("Retry-After")).isEqualTo("1");
        service.get(target(attempt.key())).send().expect(404);
      } else {
        assertThat(answer.expect(200).json().getBoolean("succeeded")).isTrue();
        assertThat(attempt.took()).as("done in time").isLessThan(IN_TIME);
        service.get(target(attempt.key())).send().expect(200);
      }
    }
  }
}
