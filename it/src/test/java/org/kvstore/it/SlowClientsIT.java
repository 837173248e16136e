package org.kvstore.it;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.kvstore.it.support.Service.target;

import java.io.IOException;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntFunction;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kvstore.api.ErrorCode;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.Bulk;
import org.kvstore.it.support.Deployed;
import org.kvstore.it.support.RawConnection;
import org.kvstore.it.support.Seed;

/**
 * Clients that send or read slowly, or do nothing at all, while others go about their business.
 *
 * <p>More of them are open than the server has threads, so that it would stand still if one of them
 * held a thread.
 */
@Timeout(240)
class SlowClientsIT extends Deployed {
  private static final int QUERIES = 60;
  private static final int MANY = 300;
  private static final int VERY_MANY = 5_000;

  /** More than the server has threads of its pool, with fewer bytes than large answers may hold. */
  private static final int MANY_READERS = 20;

  private static final int BREAKERS = 8;
  private static final int LARGE = 512 << 10;

  /** Far less than the minute after which the server gives up a silent sender. */
  private static final Duration SOON = Duration.ofSeconds(10);

  private final String prefix = prefix();
  private final List<RawConnection> open = new ArrayList<>();

  @AfterEach
  void hangUp() {
    open.forEach(RawConnection::close);
  }

  @Test
  void slowBodies_others_areServedMeanwhile_andEachIsStoredInTheEnd() throws IOException {
    for (int i = 0; i < MANY; i++) {
      begin(put(slowKey(i), "Content-Length: 10") + "01234");
    }
    assertServed();

    for (int i = 0; i < MANY; i++) {
      open.get(i).send(bytes("56789"));
    }
    for (int i = 0; i < MANY; i++) {
      open.get(i).read("PUT ").expect(201);
      assertThat(service.get(target(slowKey(i))).send().expect(200).text()).isEqualTo("0123456789");
    }
  }

  /** A thread that has received a body must leave nothing behind for the answers it gives next. */
  @Test
  @EnabledIfSystemProperty(named = "long", matches = "true")
  void bodiesThatBreakOff_leaveTheAnswersOfOthersWhole() throws Exception {
    long end = System.nanoTime() + Duration.ofSeconds(90).toNanos();
    Random random = Seed.random("SlowClientsIT");
    Queue<String> torn = new ConcurrentLinkedQueue<>();
    List<Callable<Long>> clients = new ArrayList<>();
    for (int i = 0; i < BREAKERS; i++) {
      long seed = random.nextLong();
      clients.add(() -> breakOff(end, new Random(seed)));
      clients.add(() -> delete(end, torn));
    }
    Bulk.race(clients);
    assertThat(torn).isEmpty();
  }

  private long breakOff(long end, Random random) throws IOException {
    long times = 0;
    for (; System.nanoTime() < end; times++) {
      try (RawConnection connection = new RawConnection(service.port())) {
        connection.send(bytes(put("broken", "Content-Length: 100") + "abc"));
        if (random.nextBoolean()) {
          connection.sendNoMore();
        }
        LockSupport.parkNanos(random.nextInt(50_000_000));
      }
    }
    return times;
  }

  private long delete(long end, Queue<String> torn) {
    long times = 0;
    for (; System.nanoTime() < end; times++) {
      Answer answer = service.delete(target(prefix + "missing")).send();
      if (answer.body().length == 0) {
        torn.add(answer.toString());
      }
    }
    return times;
  }

  @Test
  void slowBodiesInChunks_andThoseOfTransactionsAndForms_areReadToTheirEnd() throws IOException {
    fillTheThreadsThatRead();
    RawConnection chunked =
        begin(put("chunked", "Transfer-Encoding: chunked") + "5\r\n01234\r\n3\r\n567");
    String transaction =
        "{\"then\":[{\"op\":\"put\",\"key\":\"%stxn\",\"value\":\"v\"}]}".formatted(prefix);
    RawConnection transacted =
        begin(
            "POST /v1/txn HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: "
                + transaction.length()
                + "\r\n\r\n{");

    chunked.send(bytes("\r\n0\r\n\r\n")).read("PUT ").expect(201);
    transacted.send(bytes(transaction.substring(1)));

    assertThat(transacted.read("POST ").expect(200).json().getBoolean("succeeded")).isTrue();
    assertThat(service.get(target(prefix + "chunked")).send().text()).isEqualTo("01234567");
    assertThat(service.get(target(prefix + "txn")).send().text()).isEqualTo("v");
  }

  @Test
  void slowBody_longerThanAValueMayBe_isRefused() throws IOException {
    fillTheThreadsThatRead();
    RawConnection chunked = begin(put("long", "Transfer-Encoding: chunked") + "200000\r\n");

    chunked.send(new byte[(1 << 20) + (16 << 10)]);

    chunked.read("PUT ").expect(ErrorCode.TOO_LARGE);
    service.get(target(prefix + "long")).send().expect(ErrorCode.NOT_FOUND);
  }

  @ParameterizedTest
  @ValueSource(strings = {"Transfer-Encoding: chunked", "Content-Length: "})
  void slowPair_thatIsLongAsItIsEscaped_isStoredWhole(String framing) throws IOException {
    fillTheThreadsThatRead();
    String body =
        "{\"key\":\"%spair\",\"value\":\"%s\"}".formatted(prefix, "\\u0061".repeat(900_000));
    boolean chunked = framing.endsWith("chunked");
    String head =
        "POST /put HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n%s\r\n\r\n"
            .formatted(chunked ? framing : framing + body.length());

    RawConnection put = begin(head);
    put.send(bytes(chunked ? Integer.toHexString(body.length()) + "\r\n" + body : body));
    put.send(bytes(chunked ? "\r\n0\r\n\r\n" : "")).read("POST ").expect(201);

    assertThat(service.get(target(prefix + "pair")).send().text()).isEqualTo("a".repeat(900_000));
  }

  @Test
  void slowPairs_asLongAsTheyMayBe_holdUpNobody() throws IOException {
    for (int i = 0; i < MANY; i++) {
      begin(
          "POST /put HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
              + "Content-Length: 5000000\r\n\r\n{");
    }

    assertServed();
  }

  @Test
  void slowBody_thatBreaksOff_isNotStored() throws IOException {
    fillTheThreadsThatRead();
    try (RawConnection broken = begin(put("broken", "Content-Length: 10") + "01234")) {
      broken.sendNoMore();
      assertThat(broken.rest().readAllBytes()).asString(ISO_8859_1).doesNotContain(" 201 ");
    }

    service.get(target(prefix + "broken")).send().expect(ErrorCode.NOT_FOUND);
  }

  @Test
  void slowBodies_allWithBadInput_areRefusedAsQuickOnesAre() throws IOException {
    fillTheThreadsThatRead();
    RawConnection bad = begin(put("bad?ttl=soon", "Content-Length: 2") + "a");

    Answer answer = bad.send(bytes("b")).read("PUT ").expect(ErrorCode.REQUEST_INVALID);

    assertThat(answer.json().getString("field")).isEqualTo("ttl");
  }

  @Test
  void bodiesThatAreReceivedWhileThreadsWait_keepTheirQueries() throws IOException {
    fillTheThreadsThatRead();
    for (int i = 0; i < QUERIES; i++) {
      boolean late = i % 2 == 0;
      RawConnection put =
          begin(put("q" + i + "?ttl=1h", "Content-Length: 2") + (late ? "a" : "ab"));
      Answer answer = put.send(bytes(late ? "b" : "")).read("PUT ").expect(201);

      assertThat(answer.findHeader("KV-Expires-At")).as("%d: %s", i, answer).isPresent();
    }
  }

  @Test
  void idleConnections_andHeadsThatNeverEnd_costNoThreads() throws IOException {
    assertServed();
    double before = service.metric("jvm_threads_current");
    for (int i = 0; i < VERY_MANY; i++) {
      begin(i % 2 == 0 ? "" : "GET /v1/kv/slow HTTP/1.1\r\nHost: x\r\nX-Slow: ");
    }

    assertServed();
    assertThat(service.metric("jvm_threads_current")).isLessThan(before + 50);
  }

  @Test
  void hugeHeaders_areRefused_andOthersAreServed() throws IOException {
    for (int i = 0; i < 20; i++) {
      try (RawConnection huge = new RawConnection(service.port())) {
        huge.send(bytes("GET /v1/kv/a HTTP/1.1\r\nHost: x\r\nX-Huge: " + "h".repeat(200_000)));
        assertThat(huge.rest().readAllBytes()).asString(ISO_8859_1).startsWith("HTTP/1.1 4");
      } catch (IOException cutOff) {
        assertThat(cutOff).hasMessageMatching("(?i).*(reset|broken pipe|closed|abort).*");
      }
    }
    assertServed();
  }

  @Test
  void exportsThatAreNotRead_takeTheirPlacesOnly() throws IOException {
    String value = "v".repeat(1 << 20);
    for (int i = 0; i < 20; i++) {
      service.put(target(prefix + "large/" + i)).body(value).send().expect(201);
    }
    for (int i = 0; i < 40; i++) {
      begin(
          "GET /v1/kv?prefix=%slarge/ HTTP/1.1\r\nHost: x\r\nAccept: application/x-ndjson\r\n\r\n"
              .formatted(prefix));
    }

    assertServed();
    int refused = 0;
    for (RawConnection export : open) {
      refused += export.readHead("GET ").status() == 429 ? 1 : 0;
    }
    assertThat(refused).isEqualTo(40 - 16);
    open.forEach(RawConnection::close);
    await()
        .atMost(Duration.ofSeconds(60))
        .until(
            () ->
                service
                        .get("/v1/kv?prefix=" + prefix + "quick")
                        .header("Accept", "application/x-ndjson")
                        .send()
                        .status()
                    == 200);
  }

  @Test
  void largeAnswersThatAreNotRead_holdUpNobody() throws IOException {
    String large = prefix + "large";
    service.put(target(large)).body("v".repeat(1 << 20)).send().expect(201);
    for (int i = 0; i < MANY_READERS; i++) {
      String path = i % 2 == 0 ? target(large) : "/v1/kv?prefix=" + large;
      begin("GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n");
    }

    assertServed();
    for (RawConnection reader : open) {
      assertThat(reader.read("GET ").expect(200).body()).hasSizeGreaterThanOrEqualTo(1 << 20);
    }
  }

  /** Requests whose answers are large, though none has a large value in it but the first few. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "GET /v1/kv/{large} HTTP/1.1\r\nPrefer: wait=1\r\n",
        "GET /get?key={large} HTTP/1.1\r\n",
        "GET /get?key={large} HTTP/1.1\r\nAccept: text/plain\r\n",
        "GET /v1/leases/{lease} HTTP/1.1\r\n",
        "GET /v1/kv?keysOnly=true&limit=1000&prefix={many} HTTP/1.1\r\n",
        "GET /v1/history/{versions}?limit=1000 HTTP/1.1\r\n",
        "PATCH /v1/kv/{patched} HTTP/1.1\r\nContent-Type: application/merge-patch+json\r\n"
            + "Content-Length: 8\r\n\r\n{\"b\": 1}",
        "POST /v1/txn HTTP/1.1\r\nContent-Type: application/json\r\n"
            + "Content-Length: {length}\r\n\r\n{transaction}"
      })
  void largeAnswerOfAnyKind_thatIsNotRead_holdsUpNobody(String request) throws IOException {
    String text = filled(request);
    String[] parts = text.split("\r\n", 2);
    String whole = parts[0] + "\r\nHost: x\r\n" + parts[1] + (text.contains("{") ? "" : "\r\n");
    for (int i = 0; i < MANY_READERS; i++) {
      beginReadingNothing(whole);
    }

    assertServed();
    assertThat(open.get(0).read("GET ").expect(200).body()).hasSizeGreaterThan(LARGE);
  }

  /** A request with the names of what it needs, which is there then. */
  private String filled(String request) {
    String long1000 = "k".repeat(900);
    if (request.contains("{large}")) {
      service.put(target(prefix + "large")).body("v".repeat(1 << 20)).send().expect(201);
    }
    if (request.contains("{patched}")) {
      String document = "{\"a\":\"%s\"}".formatted("v".repeat(1_000_000));
      service.put(target(prefix + "patched")).body(document).send().expect(201);
    }
    String lease = "";
    if (request.contains("{lease}") || request.contains("{many}")) {
      lease =
          service
              .post("/v1/leases")
              .header("Content-Type", "application/json")
              .body("{\"ttl\":\"10m\"}")
              .send()
              .expect(201)
              .json()
              .getString("id");
      putMany(i -> prefix + "many/" + long1000 + i, ",\"lease\":\"" + lease + "\"");
    }
    if (request.contains("{versions}")) {
      putMany(i -> prefix + long1000, "");
    }
    String transaction = "";
    if (request.contains("{transaction}")) {
      service.put(target(prefix + "large")).body("v".repeat(1 << 20)).send().expect(201);
      transaction = "{\"then\":[{\"op\":\"get\",\"key\":\"%slarge\"}]}".formatted(prefix);
    }
    return request
        .replace("/v1/kv/{large}", target(prefix + "large"))
        .replace("{large}", prefix + "large")
        .replace("/v1/kv/{patched}", target(prefix + "patched"))
        .replace("{lease}", lease)
        .replace("{many}", prefix + "many/")
        .replace("{versions}", target(prefix + long1000).substring("/v1/kv/".length()))
        .replace("{length}", Integer.toString(transaction.length()))
        .replace("{transaction}", transaction);
  }

  private void putMany(IntFunction<String> key, String life) {
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < 1_000; i++) {
      lines.append(
          "{\"op\":\"put\",\"key\":\"%s\",\"value\":\"v\"%s}\n".formatted(key.apply(i), life));
    }
    Answer answer =
        service
            .post("/v1/batch")
            .header("Content-Type", "application/x-ndjson")
            .body(lines.toString())
            .send()
            .expect(200);
    assertThat(answer.text()).doesNotContain("\"problem\"", "\"error\"");
  }

  /** So small a buffer that what is sent stays with the server. */
  private void beginReadingNothing(String request) throws IOException {
    Socket socket = new Socket();
    socket.setReceiveBufferSize(4 << 10);
    RawConnection connection = new RawConnection(socket, service.port());
    open.add(connection);
    connection.send(bytes(request));
  }

  /** So many slow bodies that the threads which may wait for one do, and the next are received. */
  private void fillTheThreadsThatRead() throws IOException {
    for (int i = 0; i < 20; i++) {
      begin(put(slowKey(i), "Content-Length: 10") + "0");
    }
  }

  private void assertServed() {
    for (int i = 0; i < 20; i++) {
      long began = System.nanoTime();
      service.put(target(prefix + "quick")).body("v" + i).send();
      assertThat(service.get(target(prefix + "quick")).send().text()).isEqualTo("v" + i);
      assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(SOON);
    }
  }

  private RawConnection begin(String bytes) throws IOException {
    RawConnection connection = new RawConnection(service.port());
    open.add(connection);
    return connection.send(bytes(bytes));
  }

  /** One that a runtime might bend on the way to its second dispatch. */
  private String slowKey(int i) {
    return prefix + "slow/%2F é;" + i;
  }

  private String put(String key, String framing) {
    String path = key.startsWith(prefix) ? target(key) : target(prefix) + key;
    return "PUT " + path + " HTTP/1.1\r\nHost: x\r\n" + framing + "\r\n\r\n";
  }

  private static byte[] bytes(String text) {
    return text.getBytes(ISO_8859_1);
  }
}
