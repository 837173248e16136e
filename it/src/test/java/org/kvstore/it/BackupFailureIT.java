package org.kvstore.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.kvstore.it.support.Service.target;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.kvstore.api.ErrorCode;
import org.kvstore.it.support.RawConnection;
import org.kvstore.it.support.ServerProcess;
import org.kvstore.it.support.Service;

/**
 * Backups and restores that break off, of a store larger than what is on its way between two
 * sockets.
 */
class BackupFailureIT {
  private static final int MEGABYTES = 64;
  private static final String BACKUP = "/v1/admin/backup";
  private static final Path DATA = ServerProcess.directory("backup-failure");
  private static ServerProcess server;

  private Service service;

  @BeforeAll
  static void start() {
    server = ServerProcess.ready(DATA);
    Random random = new Random(1);
    byte[] value = new byte[1 << 20];
    for (int i = 0; i < MEGABYTES; i++) {
      random.nextBytes(value);
      server.service().put(target("large/" + i)).body(value).send().expect(201);
    }
  }

  @BeforeEach
  void find() {
    service = server.service();
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @Test
  void clientGoes_placeAndFilesAreFreed() throws IOException {
    try (RawConnection connection = service.get(BACKUP).open()) {
      connection.readHead("GET");
      service.get(BACKUP).send().expect(ErrorCode.TOO_MANY_REQUESTS);
    }
    await().until(() -> service.get(BACKUP).send().status() == 200);
    await().until(() -> list(DATA.resolve("tmp")).isEmpty());
  }

  @Test
  void fileIsGone_answerEndsShort() throws IOException {
    try (RawConnection connection = service.get(BACKUP).open()) {
      long length = Long.parseLong(connection.readHead("GET").header("Content-Length"));
      for (Path copy : list(DATA.resolve("tmp"))) {
        // They are the last to be sent.
        Files.delete(copy.resolve("CURRENT"));
      }
      assertThat(readToItsEnd(connection)).isLessThan(length);
    }
    await().until(() -> service.get(BACKUP).send().status() == 200);
  }

  @Test
  void largeBodyThatIsNoArchive_isAnsweredWithTheReason() {
    service
        .post("/v1/admin/restore")
        .header("Content-Type", "application/x-tar")
        .body(new byte[MEGABYTES << 20])
        .send()
        .expect(ErrorCode.REQUEST_INVALID);
  }

  private static long readToItsEnd(RawConnection connection) {
    try {
      return connection.rest().transferTo(OutputStream.nullOutputStream());
    } catch (IOException reset) {
      return 0;
    }
  }

  private static List<Path> list(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.toList();
    }
  }
}
