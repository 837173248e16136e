package org.kvstore.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.kvstore.it.support.Service.target;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.kvstore.api.ErrorCode;
import org.kvstore.it.support.ServerProcess;
import org.kvstore.it.support.Service;

/** A disk that is full: puts are refused, the rest goes on, and puts resume by themselves. */
class DiskFullIT {
  private static final String VALUE = "x".repeat(1 << 20);
  private static final int BELOW_FLOOR = 24 << 20;

  @Test
  void fullDisk_refusesPutsOnly_untilThereIsRoomAgain() throws Exception {
    Path disk = Files.createDirectories(ServerProcess.directory("disk"));
    Assumptions.assumeTrue(
        run("mount", "-t", "tmpfs", "-o", "size=160m", "tmpfs", disk.toString()) == 0,
        "Mounting a small disk is not permitted here, so a full one is not tested.");
    try {
      fillAndFree(disk);
    } finally {
      run("umount", disk.toString());
    }
  }

  private static void fillAndFree(Path disk) throws IOException {
    Map<String, String> variables =
        Map.of(
            "KV_DISK_FLOOR", "32MiB",
            "KV_CACHE_SIZE", "16MiB",
            "KV_TLS_DIR", disk.resolveSibling("tls").toString());
    try (ServerProcess server = ServerProcess.ready(disk.resolve("data"), variables)) {
      Service service = server.service();
      service.put(target("kept")).body("kept").send().expect(201);
      service.put(target("dropped")).body("dropped").send().expect(201);
      Path ballast = disk.resolve("ballast");
      long free = Files.getFileStore(disk).getUsableSpace();
      Files.write(ballast, new byte[(int) free - BELOW_FLOOR]);
      awaitPut(service, 507);

      service.put(target("new")).body("x").send().expect(ErrorCode.STORAGE_FULL);
      assertThat(service.get(target("kept")).send().expect(200).text()).isEqualTo("kept");
      service.delete(target("dropped")).send().expect(204);
      service.get("/v1/kv").send().expect(200);
      service.get("/health/live").send().expect(200);
      service.get("/v1/status").send().expect(200);

      Files.delete(ballast);
      awaitPut(service, 201);
      service.get(target("dropped")).send().expect(404);
      fillToTheBrim(service, ballast, disk);
    }
  }

  /** Not even the floor is left: a write then fails in the middle. */
  private static void fillToTheBrim(Service service, Path ballast, Path disk) throws IOException {
    long free = Files.getFileStore(disk).getUsableSpace();
    Files.write(ballast, new byte[(int) Math.min(free, 150L << 20)]);
    awaitPut(service, 507);
    assertThat(service.get(target("kept")).send().expect(200).text()).isEqualTo("kept");
    Files.delete(ballast);
    awaitPut(service, 201);
    assertThat(service.get(target("kept")).send().expect(200).text()).isEqualTo("kept");
  }

  private static void awaitPut(Service service, int status) {
    await()
        .atMost(Duration.ofSeconds(60))
        .pollInterval(Duration.ofMillis(200))
        .until(
            () -> {
              String key = target("probe/" + System.nanoTime());
              int answer = service.put(key).body(VALUE).send().status();
              assertThat(answer).isIn(201, 507);
              return answer == status;
            });
  }

  private static int run(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    int code = process.waitFor(60, TimeUnit.SECONDS) ? process.exitValue() : -1;
    if (code != 0) {
      System.out.printf("DiskFullIT: %s: %s", String.join(" ", command), output);
    }
    return code;
  }
}
