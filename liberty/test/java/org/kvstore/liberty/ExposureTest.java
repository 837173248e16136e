package org.kvstore.liberty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Nobody opens a store to a network by accident. */
class ExposureTest {
  @ParameterizedTest
  @ValueSource(strings = {"127.0.0.1", "127.1.2.3", "localhost", "::1", "[::1]"})
  void thisMachineAlone_needsNothing(String host) {
    assertThat(Exposure.check(Map.of("KV_HOST", host))).isEmpty();
    assertThat(Exposure.check(Map.of())).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"0.0.0.0", "::", "*", "10.0.0.7", "db.example.org", "127.example.org", ""})
  void elsewhere_withoutAuthentication_isRefused(String host) {
    assertThatThrownBy(() -> Exposure.check(Map.of("KV_HOST", host)))
        .isInstanceOf(StartupException.class)
        .hasMessageContaining("KV_HOST is " + host)
        .hasMessageContaining("KV_SECURITY_ADMIN_TOKEN_FILE");
  }

  @Test
  void elsewhere_withAuthentication_isAllowed() {
    assertThat(
            Exposure.check(Map.of("KV_HOST", "0.0.0.0", "KV_SECURITY_ADMIN_TOKEN_FILE", "token")))
        .isEmpty();
    assertThat(
            Exposure.check(Map.of("KV_HOST", "0.0.0.0", "KV_TLS_CLIENT_CERTIFICATES", "required")))
        .isEmpty();
  }

  @Test
  void elsewhere_forEverybody_isWarnedOf() {
    assertThat(Exposure.check(Map.of("KV_HOST", "0.0.0.0", "KV_SECURITY_INSECURE", "true")))
        .singleElement()
        .asString()
        .contains("WARNING", "0.0.0.0");
  }
}
