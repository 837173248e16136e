package org.kvstore.liberty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the variables of TLS say together is checked before the server starts. */
class TlsFilesTest {
  @TempDir Path folder;

  @Test
  void pemPair_isGivenToTheServerAsAKeyStore() throws Exception {
    Pair pair = Pair.of("one", "EC", "PRIVATE KEY", folder);
    Map<String, String> environment =
        new HashMap<>(
            Map.of(
                "KV_TLS_CERTIFICATE",
                Files.write(folder.resolve("tls.crt"), pair.certificate()).toString(),
                "KV_TLS_KEY",
                Files.write(folder.resolve("tls.key"), pair.key()).toString(),
                "KV_TLS_CLIENT_CERTIFICATES",
                "required",
                "KV_TLS_TRUSTSTORE",
                folder.resolve("tls.crt").toString()));

    TlsFiles.publish(environment, true, folder.resolve("copies"));

    for (String variable : new String[] {"KV_TLS_KEYSTORE", "KV_TLS_TRUSTSTORE"}) {
      assertThat(Path.of(environment.get(variable))).exists().hasParent(folder.resolve("copies"));
      assertThat(environment).containsEntry(variable + "_TYPE", "PKCS12");
      assertThat(environment.get(variable + "_PASSWORD")).hasSizeGreaterThan(30);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "KV_TLS_CERTIFICATE=a, set both",
    "KV_TLS_KEY=a, set both",
    "KV_TLS_KEYSTORE=a KV_TLS_KEY=b, set either",
    "KV_TLS_KEYSTORE=missing.p12, missing.p12",
    "KV_TLS_CERTIFICATE=missing.crt KV_TLS_KEY=k, missing.crt"
  })
  void pairThatCannotBe_isRefused(String variables, String message) {
    assertThatThrownBy(() -> TlsFiles.publish(environment(variables), true, folder.resolve("c")))
        .isInstanceOf(StartupException.class)
        .hasMessageContaining(message);
  }

  @ParameterizedTest
  @CsvSource({
    "KV_TLS_CLIENT_CERTIFICATES=yes, not one of",
    "KV_TLS_CLIENT_CERTIFICATES=wanted, which takes KV_TLS_TRUSTSTORE",
    "KV_TLS_CLIENT_CERTIFICATES=wanted KV_TLS_TRUSTSTORE=missing.pem, missing.pem"
  })
  void clientCertificatesThatCannotBe_areRefused(String variables, String message) {
    assertThatThrownBy(() -> TlsFiles.publish(environment(variables), false, folder.resolve("c")))
        .isInstanceOf(StartupException.class)
        .hasMessageContaining(message);
  }

  private static Map<String, String> environment(String variables) {
    Map<String, String> environment = new HashMap<>();
    for (String variable : variables.split(" ")) {
      environment.put(variable.split("=")[0], variable.split("=")[1]);
    }
    return environment;
  }
}
