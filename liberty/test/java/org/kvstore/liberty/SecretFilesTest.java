package org.kvstore.liberty;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A secret that others may read is warned of. */
class SecretFilesTest {
  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "KV_ENCRYPTION_KEY_FILE",
        "KV_SECURITY_ADMIN_TOKEN_FILE",
        "KV_TLS_KEY",
        "KV_TLS_KEYSTORE"
      })
  void fileThatEverybodyMayRead_isWarnedOf_withItsVariable(String variable) throws IOException {
    Path file = file("rw-r--r--");

    assertThat(SecretFiles.warnings(Map.of(variable, file.toString()), true))
        .singleElement()
        .asString()
        .contains("WARNING", variable, file.toString());
  }

  @Test
  void fileOfItsOwnerAlone_isNotWarnedOf() throws IOException {
    assertThat(warnings(file("rw-------"))).isEmpty();
    assertThat(warnings(file("r--------"))).isEmpty();
  }

  /** So a secret is given to a user by systemd and Kubernetes. */
  @Test
  void fileThatTheGroupMayRead_isWarnedOf_unlessItIsRoots() throws IOException {
    Path file = file("rw-r-----");
    boolean roots = Files.getAttribute(file, "unix:uid").equals(0);

    assertThat(warnings(file)).hasSize(roots ? 0 : 1);
  }

  @Test
  void missingFile_isLeftToWhoReadsIt() {
    assertThat(warnings(folder.resolve("missing"))).isEmpty();
  }

  /** It lies in a directory that nobody else may enter. */
  @Test
  void generatedKeyStore_isNotWarnedOf() throws IOException {
    Map<String, String> environment = Map.of("KV_TLS_KEYSTORE", file("rw-r--r--").toString());

    assertThat(SecretFiles.warnings(environment, false)).isEmpty();
  }

  private Path file(String permissions) throws IOException {
    Path file = Files.createTempFile(folder, "secret", "");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(permissions));
    return file;
  }

  private static List<String> warnings(Path file) {
    return SecretFiles.warnings(Map.of("KV_ENCRYPTION_KEY_FILE", file.toString()), true);
  }
}
