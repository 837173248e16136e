package org.kvstore.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kvstore.it.support.Service.target;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.kvstore.it.support.ServerProcess;

/** {@code java -jar kvstore.jar verify}: what a server left is checked without one. */
class VerifyIT {
  private record Run(int code, String text) {}

  @Test
  void dataOfAServer_isSoundOnceItHasStopped_andDamageIsNamed() throws Exception {
    Path data = ServerProcess.directory("verify");
    try (ServerProcess server = ServerProcess.ready(data)) {
      for (int i = 0; i < 50; i++) {
        server.service().put(target("key/" + i)).body("x".repeat(1_000)).send().expect(201);
      }
      Run used = verify(data.toString());
      assertThat(used.code()).as(used.text()).isEqualTo(2);
      assertThat(used.text()).contains("is locked");
      server.stop();
    }

    Run sound = verify(data.toString());
    assertThat(sound.code()).as(sound.text()).isZero();
    assertThat(sound.text()).contains("current    50 rows").endsWith("sound\n");

    Path log = newestLog(data);
    byte[] bytes = Files.readAllBytes(log);
    bytes[bytes.length / 2] ^= 0x10;
    Files.write(log, bytes);
    Run damaged = verify(data.toString());
    assertThat(damaged.code()).as(damaged.text()).isEqualTo(1);
    assertThat(damaged.text()).contains("DAMAGED " + log);
  }

  @Test
  void help_saysWhatTheExitCodesMean() throws Exception {
    Run help = verify("--help");
    assertThat(help.code()).isZero();
    assertThat(help.text()).contains("Exit code");
    assertThat(verify().code()).isEqualTo(2);
  }

  private static Path newestLog(Path data) throws IOException {
    try (Stream<Path> files = Files.walk(data)) {
      return files
          .filter(file -> file.toString().endsWith(".log"))
          .max(Path::compareTo)
          .orElseThrow();
    }
  }

  private static Run verify(String... arguments) throws IOException, InterruptedException {
    Path target = Path.of(System.getProperty("it.target"));
    Path output = Files.createTempFile(target, "verify", ".out");
    List<String> command = new ArrayList<>();
    command.add(ServerProcess.java().toString());
    command.addAll(List.of("-jar", System.getProperty("it.launcher"), "verify"));
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().put("KV_INSTALL_DIR", target.resolve("install").toString());
    Process process = builder.redirectErrorStream(true).redirectOutput(output.toFile()).start();
    try {
      assertThat(process.waitFor(3, TimeUnit.MINUTES)).as("%s", command).isTrue();
    } finally {
      process.destroyForcibly();
    }
    return new Run(process.exitValue(), Files.readString(output, StandardCharsets.UTF_8));
  }
}
