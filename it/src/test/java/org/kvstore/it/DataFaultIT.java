package org.kvstore.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kvstore.it.support.Service.target;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.kvstore.api.ErrorCode;
import org.kvstore.it.support.ServerProcess;
import org.kvstore.it.support.Service;

/** A directory that cannot be used: the service says why, and leaves it as it is. */
class DataFaultIT {
  @EnabledIfSystemProperty(named = "long", matches = "true")
  @Test
  void directoryOfAnotherFormat_isRefused() throws IOException {
    Path data = Files.createDirectories(ServerProcess.directory("format"));
    Files.writeString(data.resolve("FORMAT"), "kvstore-format 999\nstore x\n");
    refuses(data, data.resolve("FORMAT").toString());
  }

  @Test
  void directoryOfSomebodyElse_isRefused() throws IOException {
    Path data = Files.createDirectories(ServerProcess.directory("foreign"));
    Files.writeString(data.resolve("holiday.jpg"), "precious");
    refuses(data, "holiday.jpg");
  }

  @EnabledIfSystemProperty(named = "long", matches = "true")
  @Test
  void pathUnderAFile_isRefused() throws IOException {
    Path file = ServerProcess.directory("under");
    Files.writeString(file, "a file");
    refuses(file.resolve("data"), file.toString());
    assertThat(Files.readString(file)).isEqualTo("a file");
  }

  @Test
  void damagedTable_isRefused() throws IOException {
    Path data = ServerProcess.directory("damaged");
    try (ServerProcess server = ServerProcess.ready(data)) {
      server.service().put(target("a")).body("x".repeat(1000)).send().expect(201);
      server.stop();
    }
    Path manifest;
    try (Stream<Path> files = Files.walk(data)) {
      manifest =
          files
              .filter(file -> String.valueOf(file.getFileName()).startsWith("MANIFEST-"))
              .findFirst()
              .orElseThrow();
    }
    byte[] bytes = Files.readAllBytes(manifest);
    bytes[bytes.length / 2] ^= 0x55;
    Files.write(manifest, bytes);
    refuses(data, data.toString());
  }

  private static void refuses(Path data, String named) throws IOException {
    Map<String, Integer> before = contents(data);
    try (ServerProcess server = ServerProcess.answering(data)) {
      Service service = server.service();
      String health = service.get("/health/ready").send().expect(503).text();
      assertThat(health).contains("DOWN", named);
      service.get("/health/started").send().expect(503);
      assertThat(server.log()).contains("The service is not ready", named);
      service.get(target("a")).send().expect(ErrorCode.UNAVAILABLE);
      service.put(target("a")).body("x").send().expect(ErrorCode.UNAVAILABLE);
      service.delete("/v1/kv?all=true").send().expect(ErrorCode.UNAVAILABLE);
      service.get("/v1/kv").send().expect(ErrorCode.UNAVAILABLE);
      service
          .get("/v1/kv")
          .header("Accept", "application/x-ndjson")
          .send()
          .expect(ErrorCode.UNAVAILABLE);
      service.get("/v1/status").send().expect(ErrorCode.UNAVAILABLE);
    }
    assertThat(contents(data)).isEqualTo(before);
  }

  /** Digests of all files but the lock, which says nothing, and RocksDB's log for people. */
  private static Map<String, Integer> contents(Path data) throws IOException {
    Map<String, Integer> contents = new TreeMap<>();
    if (!Files.isDirectory(data)) {
      return contents;
    }
    try (Stream<Path> files = Files.walk(data)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        String name = String.valueOf(file.getFileName());
        if (!name.startsWith("LOG") && !name.equals("LOCK")) {
          contents.put(file.toString(), java.util.Arrays.hashCode(Files.readAllBytes(file)));
        }
      }
    }
    return contents;
  }
}
