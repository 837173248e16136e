package org.kvstore.it;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.kvstore.it.support.Service.target;

import java.io.IOException;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.kvstore.api.ErrorCode;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.RawConnection;
import org.kvstore.it.support.ServerProcess;
import org.kvstore.it.support.Service;

/** Slow clients against the heap that a server has by default, and its time for a body. */
@Timeout(240)
class SlowOnTheirOwnIT {
  private static final int READERS = 120;
  private static final int PAGE = 4 << 20;
  private static final int DRIPS = 40;

  /**
   * A chunk, which the server reads by itself; of a body whose length is known it reads more at a
   * time.
   */
  private static final String DRIP = "1\r\n \r\n";

  private static ServerProcess server;
  private static Service service;

  private final List<RawConnection> open = new ArrayList<>();

  @BeforeAll
  static void start() {
    Path data = ServerProcess.directory("slow");
    server =
        ServerProcess.ready(
            data,
            Map.of(
                "KV_LIMITS_BODY_WAIT",
                "2s",
                "KV_BACKUP_DIR",
                data.resolveSibling("copies").toString()));
    service = server.service();
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @AfterEach
  void hangUp() {
    open.forEach(RawConnection::close);
  }

  @Test
  void pagesThatNobodyReads_holdBoundedMemory_andNoPlaceOfOthers() throws IOException {
    for (int i = 0; i < 4; i++) {
      service.put(target("page/" + i)).body("v".repeat(1 << 20)).send().expect(201);
    }
    for (int i = 0; i < READERS; i++) {
      begin("GET /v1/kv?prefix=page/ HTTP/1.1\r\nHost: x\r\n\r\n");
    }
    int sent = 0;
    for (RawConnection reader : open) {
      sent += reader.readHead("GET ").status() == 200 ? 1 : 0;
    }

    assertThat(sent).isBetween(1, (32 << 20) / PAGE);
    batch().expect(200);
    service.post("/v1/admin/checkpoint").send().expect(200);
    service.get("/v1/kv?prefix=page/").send().expect(ErrorCode.TOO_MANY_REQUESTS);
    hangUp();
    await()
        .atMost(Duration.ofSeconds(60))
        .until(() -> service.get("/v1/kv?prefix=page/").send().status() == 200);
  }

  @Test
  void bodyThatDrips_isRefused_howeverSteadyItIs() throws IOException {
    RawConnection drip =
        begin("PUT /v1/kv/drip HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    drip(drip);

    drip.read("PUT ").expect(ErrorCode.REQUEST_INVALID);
    service.get(target("drip")).send().expect(ErrorCode.NOT_FOUND);
  }

  @Test
  void batchesWhoseLinesDrip_giveTheirPlacesBack() throws IOException {
    beginBatches(16);
    await()
        .atMost(Duration.ofSeconds(60))
        .until(
            () -> {
              // On a busy machine the first may have been refused before the last was begun.
              beginBatches(4);
              return batch().status() == 429;
            });

    await()
        .atMost(Duration.ofSeconds(30))
        .pollInterval(Duration.ofMillis(200))
        .until(
            () -> {
              for (RawConnection dripping : open) {
                send(dripping, DRIP);
              }
              return batch().status() == 200;
            });
  }

  private void beginBatches(int count) throws IOException {
    for (int i = 0; i < count; i++) {
      begin(
          "POST /v1/batch HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-ndjson\r\n"
              + "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n");
    }
  }

  /** Sends a byte now and then, until the other side takes no more. */
  private static void drip(RawConnection connection) {
    int[] sent = {0};
    await()
        .pollInterval(Duration.ofMillis(200))
        .atMost(Duration.ofSeconds(30))
        .until(() -> !send(connection, DRIP) || ++sent[0] > DRIPS);
  }

  private static boolean send(RawConnection connection, String text) {
    try {
      connection.send(text.getBytes(ISO_8859_1));
      return true;
    } catch (IOException closed) {
      return false;
    }
  }

  private static Answer batch() {
    return service
        .post("/v1/batch")
        .header("Content-Type", "application/x-ndjson")
        .body("{\"op\":\"put\",\"key\":\"batch\",\"value\":\"v\"}\n")
        .send();
  }

  /** With so small a buffer that what is not read stays with the server. */
  private RawConnection begin(String request) throws IOException {
    Socket socket = new Socket();
    socket.setReceiveBufferSize(4 << 10);
    RawConnection connection = new RawConnection(socket, service.port());
    open.add(connection);
    return connection.send(request.getBytes(ISO_8859_1));
  }
}
