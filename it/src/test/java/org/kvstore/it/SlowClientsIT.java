package org.kvstore.it;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.kvstore.it.support.Service.target;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.kvstore.api.ErrorCode;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.Deployed;
import org.kvstore.it.support.RawConnection;

/**
 * Clients that send or read slowly, or do nothing at all, while others go about their business.
 *
 * <p>More of them are open than the server has threads, so that it would stand still if one of them
 * held a thread.
 */
@Timeout(240)
class SlowClientsIT extends Deployed {
  private static final int MANY = 300;
  private static final int VERY_MANY = 5_000;

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
    for (int i = 0; i < 40; i++) {
      String path = i % 2 == 0 ? target(large) : "/v1/kv?prefix=" + large;
      begin("GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n");
    }

    assertServed();
    for (RawConnection reader : open) {
      assertThat(reader.read("GET ").expect(200).body()).hasSizeGreaterThanOrEqualTo(1 << 20);
    }
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
