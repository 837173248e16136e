package org.kvstore.liberty;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class EnvironmentTest {
  @TempDir Path directory;

  @Test
  void complete_nothingSet_keepsDataAndKeysWhereTheUserStands() {
    assertThat(completed())
        .containsEntry("KV_DATA_DIR", directory.resolve("data").toString())
        .containsEntry("KV_TLS_KEYSTORE", directory.resolve("data-tls/key.p12").toString());
  }

  @Test
  void complete_again_hasTheSamePassword() {
    String password = completed().get("KV_TLS_KEYSTORE_PASSWORD");

    assertThat(password).hasSizeGreaterThanOrEqualTo(32);
    assertThat(completed()).containsEntry("KV_TLS_KEYSTORE_PASSWORD", password);
  }

  @Test
  void complete_afterACrashWhileThePasswordWasWritten_makesAWholeOne() throws IOException {
    Path keys = Files.createDirectory(directory.resolve("data-tls"));
    Files.createFile(keys.resolve("password.partial"));

    assertThat(completed().get("KV_TLS_KEYSTORE_PASSWORD")).hasSizeGreaterThanOrEqualTo(32);
    assertThat(keys.resolve("password.partial")).doesNotExist();
  }

  @Test
  void complete_ownKeyStore_makesNone() {
    Map<String, String> environment = new HashMap<>(Map.of("KV_TLS_KEYSTORE", "mine.p12"));

    Environment.complete(environment, directory);

    assertThat(environment)
        .containsEntry("KV_TLS_KEYSTORE", directory.resolve("mine.p12").toString())
        .doesNotContainKey("KV_TLS_KEYSTORE_PASSWORD");
    assertThat(directory).isEmptyDirectory();
  }

  @Test
  void complete_accessLog_isWrittenWhereTheUserStands() {
    assertThat(completed("KV_ACCESS_LOG", "access.log"))
        .containsEntry("KV_ACCESS_LOG", directory.resolve("access.log").toString())
        .containsEntry("KV_ACCESS_LOG_ENABLED", "true");
    assertThat(completed()).doesNotContainKey("KV_ACCESS_LOG_ENABLED");
  }

  @Test
  void complete_emptyVariables_areNotSet() {
    assertThat(completed("KV_ACCESS_LOG", "", "KV_DATA_DIR", "", "KV_TLS_KEYSTORE", ""))
        .isEqualTo(completed());
  }

  @Test
  void complete_telemetryOn_sendsTracesAlone() {
    assertThat(completed("OTEL_SDK_DISABLED", "false"))
        .containsEntry("OTEL_SERVICE_NAME", "kvstore")
        .containsEntry("OTEL_METRICS_EXPORTER", "none");
    assertThat(completed()).doesNotContainKey("OTEL_SERVICE_NAME");
  }

  private Map<String, String> completed(String... variables) {
    Map<String, String> environment = new HashMap<>();
    for (int i = 0; i < variables.length; i += 2) {
      environment.put(variables[i], variables[i + 1]);
    }
    Environment.complete(environment, directory);
    return environment;
  }
}
