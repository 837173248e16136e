package org.kvstore.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.awaitility.Awaitility.await;
import static org.kvstore.it.support.Service.target;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.kvstore.it.support.Ports;
import org.kvstore.it.support.ServerProcess;
import org.kvstore.it.support.Service;

/**
 * Where the container of {@code liberty/compose.yaml} puts it: every file is read-only but those of
 * its two volumes and of its temporary directory, and the process has no capabilities. It is shown
 * without a container engine, by the name spaces of Linux that engines are made of; where a machine
 * does not allow them, this is skipped, but under CI it fails.
 */
@Timeout(240)
class ReadOnlyIT {
  private static final String SCRIPT =
      """
      set -e
      mount --make-rprivate /
      mount --bind "$VOLUMES" "$VOLUMES"
      mount -o remount,bind,ro /
      ! touch /usr/probe 2>/dev/null
      ! touch "$OUTSIDE/probe" 2>/dev/null
      cd "$VOLUMES/data"
      exec setpriv --no-new-privs --bounding-set=-all --inh-caps=-all "$JAVA" -jar "$JAR"
      """;

  @Test
  void server_writesNothingButItsVolumes_andNeedsNoCapability() throws Exception {
    boolean allowed = namespacesAreAllowed();
    if (System.getenv("CI") != null) {
      assertThat(allowed).as("name spaces, without which no read-only server is tested").isTrue();
    }
    assumeThat(allowed).as("name spaces").isTrue();
    Path volumes = ServerProcess.directory("read-only");
    Files.createDirectories(volumes.resolve("data"));
    Files.createDirectories(volumes.resolve("cache"));
    Files.createDirectories(volumes.resolve("tmp"));
    int[] ports = Ports.free(InetAddress.getLoopbackAddress(), 2);
    ProcessBuilder builder = new ProcessBuilder("unshare", "-rm", "bash", "-c", SCRIPT);
    builder
        .environment()
        .putAll(
            Map.of(
                "VOLUMES", volumes.toString(),
                "OUTSIDE", System.getProperty("it.target"),
                "JAVA", ServerProcess.java().toString(),
                "JAR", System.getProperty("it.launcher"),
                "KV_DATA_DIR", volumes.resolve("data/data").toString(),
                "KV_INSTALL_DIR", volumes.resolve("cache").toString(),
                "KV_HTTP_PORT", Integer.toString(ports[0]),
                "KV_HTTPS_PORT", Integer.toString(ports[1]),
                "KV_JAVA_OPTIONS",
                    "-XX:TieredStopAtLevel=1 -Djava.io.tmpdir=" + volumes.resolve("tmp")));
    Path log = volumes.resolve("log");
    Process process = builder.redirectErrorStream(true).redirectOutput(log.toFile()).start();
    try {
      Service service = new Service(ports[0]);
      await().atMost(Duration.ofMinutes(3)).until(() -> !process.isAlive() || isReady(service));
      assertThat(process.isAlive()).as(Files.readString(log)).isTrue();
      service.put(target("k")).body("v").send().expect(201);
      service.post("/v1/admin/compact").send().expect(200);
      assertThat(Files.readString(log)).doesNotContain("Read-only", "Permission denied");
    } finally {
      process.destroy();
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    }
  }

  private static boolean isReady(Service service) {
    try {
      return service.get("/health/ready").send().status() == 200;
    } catch (UncheckedIOException notYet) {
      return false;
    }
  }

  private static boolean namespacesAreAllowed() throws IOException, InterruptedException {
    List<String> probe =
        List.of("unshare", "-rm", "sh", "-c", "mount --make-rprivate / && setpriv --version");
    Path out = Files.createTempFile("unshare", ".log");
    Process process =
        new ProcessBuilder(probe).redirectErrorStream(true).redirectOutput(out.toFile()).start();
    return process.waitFor(10, TimeUnit.SECONDS) && process.exitValue() == 0;
  }
}
