package org.kvstore.it;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.kvstore.it.support.Service.target;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.RawConnection;
import org.kvstore.it.support.Seed;
import org.kvstore.it.support.ServerProcess;
import org.kvstore.it.support.Service;
import org.kvstore.it.support.WriteLoad;
import org.kvstore.it.support.WriteLoad.History;
import org.kvstore.it.support.WriteLoad.Write;

/**
 * SIGTERM while many clients write, or one writes much: what the server accepted it has answered
 * before it ended. So nothing is there that nobody was told of, and a client without an answer may
 * simply send again.
 */
class DrainIT {
  private static final int CLIENTS = 32;
  private static final int STALLED = 6;
  private static final int LEAST_WRITES = 2_000;

  @Test
  void stop_whileClientsWrite_everyAcceptedWriteIsAnswered() throws Exception {
    Path data = ServerProcess.directory("drain");
    List<History> histories;
    try (ServerProcess server = ServerProcess.ready(data);
        WriteLoad load =
            new WriteLoad(server.service(), "drain/", CLIENTS, Seed.random("DrainIT").nextLong())) {
      await()
          .atMost(Duration.ofMinutes(3))
          .pollInterval(Duration.ofMillis(5))
          .until(() -> load.acknowledged() >= LEAST_WRITES);
      server.stop();
      histories = load.histories();
    }
    try (ServerProcess server = ServerProcess.ready(data)) {
      histories.forEach(history -> check(server.service(), history));
    }
  }

  @Test
  void stop_whileABatchRuns_everyAcceptedLineIsAnswered_andItsAnswerEndsInOrder() throws Exception {
    Path data = ServerProcess.directory("drain-batch");
    int answered = 0;
    try (ServerProcess server = ServerProcess.ready(data);
        RawConnection batch = new RawConnection(server.service().port())) {
      batch.send(
          ("POST /v1/batch HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-ndjson\r\n"
                  + "Transfer-Encoding: chunked\r\n\r\n")
              .getBytes(US_ASCII));
      Thread sender = new Thread(() -> sendLines(batch));
      sender.start();
      Thread stop = new Thread(server::stop);
      batch.readHead("POST /v1/batch").expect(200);
      for (byte[] results = batch.chunk(); results.length > 0; results = batch.chunk()) {
        for (byte b : results) {
          answered += b == '\n' ? 1 : 0;
        }
        if (answered >= LEAST_WRITES && stop.getState() == Thread.State.NEW) {
          stop.start();
        }
      }
      stop.join();
      sender.join();
    }
    assertThat(answered).isGreaterThanOrEqualTo(LEAST_WRITES);
    try (ServerProcess server = ServerProcess.ready(data)) {
      server.service().get(target("line/" + (answered - 1))).send().expect(200);
      server.service().get(target("line/" + answered)).send().expect(404);
    }
  }

  /** Puts a key a line, until nobody takes any more. */
  /** Liberty closes the connection, but wakes nobody who reads from it. */
  @Test
  void stop_whileBodiesAreAwaited_endsInOrder_andFreesTheData() throws Exception {
    Path data = ServerProcess.directory("drain-body");
    List<RawConnection> stalled = new ArrayList<>();
    try (ServerProcess server = ServerProcess.ready(data)) {
      for (int i = 0; i < STALLED; i++) {
        stalled.add(
            new RawConnection(server.service().port())
                .send(
                    ("PUT /v1/kv/stalled/"
                            + i
                            + " HTTP/1.1\r\nHost: x\r\n"
                            + "Content-Length: 1000\r\n\r\nabc")
                        .getBytes(US_ASCII)));
      }
      server.service().put(target("whole")).body("v").send().expect(201);
      long began = System.nanoTime();
      server.stop();
      assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(60));
    } finally {
      stalled.forEach(RawConnection::close);
    }
    try (ServerProcess server = ServerProcess.ready(data)) {
      server.service().get(target("whole")).send().expect(200);
      server.service().get(target("stalled/0")).send().expect(404);
    }
  }

  private static void sendLines(RawConnection batch) {
    try {
      for (int i = 0; ; i++) {
        String line = "{\"op\":\"put\",\"key\":\"line/%d\",\"value\":\"v\"}\n".formatted(i);
        batch.send("%x\r\n%s\r\n".formatted(line.length(), line).getBytes(US_ASCII));
      }
    } catch (IOException theServerIsGone) {
      // That is how it ends.
    }
  }

  private static void check(Service service, History history) {
    history
        .newest()
        .forEach(
            (key, write) -> {
              Answer read = service.get(target(key)).send().expect(200);
              assertThat(read.text()).isEqualTo(write.value());
              assertThat(read.header("KV-Version")).isEqualTo("" + history.count(key));
            });
    Write open = history.unanswered();
    if (!open.key().isEmpty() && !history.newest().containsKey(open.key())) {
      service.get(target(open.key())).send().expect(404);
    }
  }
}
