package org.kvstore.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kvstore.it.support.Service.target;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.kvstore.it.support.ServerProcess;
import org.kvstore.it.support.Verification;

/** {@code java -jar kvstore.jar verify}: what a server left is checked without one. */
class VerifyIT {
  @Test
  void dataOfAServer_isSoundOnceItHasStopped_andDamageIsNamed() throws Exception {
    Path data = ServerProcess.directory("verify");
    try (ServerProcess server = ServerProcess.ready(data)) {
      for (int i = 0; i < 50; i++) {
        server.service().put(target("key/" + i)).body("x".repeat(1_000)).send().expect(201);
      }
      Verification used = Verification.of(data.toString());
      assertThat(used.code()).as(used.text()).isEqualTo(2);
      assertThat(used.text()).contains("is locked");
      server.stop();
    }

    Verification sound = Verification.of(data.toString());
    assertThat(sound.code()).as(sound.text()).isZero();
    assertThat(sound.text()).contains("current    50 rows").endsWith("sound\n");

    Path log = newestLog(data);
    byte[] bytes = Files.readAllBytes(log);
    bytes[bytes.length / 2] ^= 0x10;
    Files.write(log, bytes);
    Verification damaged = Verification.of(data.toString());
    assertThat(damaged.code()).as(damaged.text()).isEqualTo(1);
    assertThat(damaged.text()).contains("DAMAGED " + log);
  }

  @Test
  void help_saysWhatTheExitCodesMean() throws Exception {
    Verification help = Verification.of("--help");
    assertThat(help.code()).isZero();
    assertThat(help.text()).contains("Exit code");
    assertThat(Verification.of().code()).isEqualTo(2);
  }

  private static Path newestLog(Path data) throws IOException {
    try (Stream<Path> files = Files.walk(data)) {
      return files
          .filter(file -> file.toString().endsWith(".log"))
          .max(Path::compareTo)
          .orElseThrow();
    }
  }
}
