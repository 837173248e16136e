package org.kvstore.server.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kvstore.server.model.KeyValueException;

/** Nobody opens a store to a network by accident, and a bad secret is named but not shown. */
class SecurityConfigTest {
  private static final String TOKEN = "0123456789abcdef0123456789abcdef";

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"127.0.0.1", "127.1.2.3", "localhost", "::1", "[::1]"})
  void thisMachineAlone_needsNothing(String host) {
    assertThat(read(Map.of("kv.host", host)).isRequired()).isFalse();
    assertThat(read(Map.of()).isRequired()).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"0.0.0.0", "*", "::", "10.0.0.7", "127.example.org", "localhost.evil", ""})
  void elsewhere_withoutAuthentication_isRefused(String host) {
    assertThatThrownBy(() -> read(Map.of("kv.host", host)))
        .isInstanceOf(KeyValueException.class)
        .hasMessageContaining("kv.host is '" + host)
        .hasMessageContaining("kv.security.admin-token-file");
  }

  @Test
  void elsewhere_insecureOnlyInSoManyWords() {
    assertThat(read(Map.of("kv.host", "*", "kv.security.insecure", "true")).isRequired()).isFalse();
    assertThatThrownBy(() -> read(Map.of("kv.host", "*", "kv.security.insecure", "yes")))
        .isInstanceOf(KeyValueException.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"wanted", "required"})
  void clientCertificates_areAuthentication(String choice) {
    SecurityConfig security = read(Map.of("kv.host", "*", "kv.tls.client-certificates", choice));

    assertThat(security.isRequired()).isTrue();
    assertThat(security.isLocal()).isFalse();
    assertThatThrownBy(() -> read(Map.of("kv.tls.client-certificates", "yes")))
        .hasMessageContaining("off, wanted or required");
  }

  @Test
  void pagesOfAnyOrigin_whereAConnectionIsProofEnough_areRefused_unlessInSoManyWords() {
    for (String any : new String[] {"*", " * ", "*, *"}) {
      assertThatThrownBy(() -> read(Map.of("kv.cors.origins", any)))
          .isInstanceOf(KeyValueException.class)
          .hasMessageContaining("kv.cors.origins is '*'")
          .hasMessageContaining("kv.security.insecure=true");
    }
    assertThat(read(Map.of("kv.cors.origins", "*", "kv.security.insecure", "true")).isRequired())
        .isFalse();
    Map<String, String> withCertificates =
        Map.of(
            "kv.cors.origins",
            "*",
            "kv.tls.client-certificates",
            "wanted",
            "kv.security.admin-token",
            TOKEN);
    assertThatThrownBy(() -> read(withCertificates)).hasMessageContaining("client certificate");
  }

  @Test
  void pagesOfAnyOrigin_whichHaveToKnowAToken_andNamedOrigins_areFine() {
    assertThat(read(Map.of("kv.cors.origins", "*", "kv.security.admin-token", TOKEN)).isRequired())
        .isTrue();
    assertThat(read(Map.of("kv.cors.origins", "https://app.example.com")).isRequired()).isFalse();
  }

  @Test
  void token_comesFromTheFileOrFromTheProperty_withoutTheBlanksAround() throws IOException {
    Path file = Files.writeString(folder.resolve("token"), " " + TOKEN + "\n");

    assertThat(read(Map.of("kv.security.admin-token-file", file.toString())).adminToken())
        .contains(TOKEN);
    assertThat(read(Map.of("kv.security.admin-token", TOKEN, "kv.host", "*")).adminToken())
        .contains(TOKEN);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "short",
        "0123456789abcdef 0123456789abcdef",
        "ü123456789abcdef0123456789abcdef"
      })
  void badToken_isRefusedAndNotShown(String token) {
    assertThatThrownBy(() -> read(Map.of("kv.security.admin-token", token)))
        .isInstanceOf(KeyValueException.class)
        .hasMessageContaining("at least 32")
        .message()
        .satisfies(message -> assertThat(token.isEmpty() || !message.contains(token)).isTrue());
  }

  @Test
  void fileThatIsMissing_isNamed() {
    String file = folder.resolve("missing").toString();
    assertThatThrownBy(() -> read(Map.of("kv.security.admin-token-file", file)))
        .hasMessageContaining(file);
  }

  @Test
  void both_areOneTooMany() {
    assertThatThrownBy(
            () ->
                read(Map.of("kv.security.admin-token", TOKEN, "kv.security.admin-token-file", "x")))
        .hasMessageContaining("both set");
  }

  @Test
  void text_hasNoToken() {
    assertThat(read(Map.of("kv.security.admin-token", TOKEN)).toString()).doesNotContain(TOKEN);
  }

  private static SecurityConfig read(Map<String, String> properties) {
    return SecurityConfig.read(name -> Optional.ofNullable(properties.get(name)));
  }
}
