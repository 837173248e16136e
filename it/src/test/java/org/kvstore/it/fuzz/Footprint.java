package org.kvstore.it.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.kvstore.it.support.ServerProcess;

/**
 * What a server holds.
 *
 * @param threads of the process
 * @param residentBytes memory of the process
 * @param heapBytes objects that are in use, once the garbage is collected
 */
record Footprint(long threads, long residentBytes, long heapBytes) {

  static Footprint of(ServerProcess server) {
    collectGarbage(server.pid());
    return new Footprint(
        status(server.pid(), "Threads"),
        status(server.pid(), "VmRSS") << 10,
        (long) server.service().metric("jvm_memory_used_bytes{area=\"heap\"}"));
  }

  private static void collectGarbage(long pid) {
    try {
      Process jcmd =
          new ProcessBuilder(
                  ServerProcess.java().resolveSibling("jcmd").toString(),
                  Long.toString(pid),
                  "GC.run")
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .redirectErrorStream(true)
              .start();
      assertThat(jcmd.waitFor(1, TimeUnit.MINUTES)).isTrue();
      assertThat(jcmd.exitValue()).isZero();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** A number of {@code /proc/PID/status}. */
  private static long status(long pid, String name) {
    try {
      return Files.readAllLines(Path.of("/proc", Long.toString(pid), "status")).stream()
          .filter(line -> line.startsWith(name + ":"))
          .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
          .findFirst()
          .orElseThrow();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
