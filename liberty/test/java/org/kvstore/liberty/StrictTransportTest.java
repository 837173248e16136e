package org.kvstore.liberty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Browsers are told to stay away from HTTP where that does no harm. */
class StrictTransportTest {
  @ParameterizedTest
  @CsvSource({
    "true, -1, false, max-age=31536000",
    "true, 8080, true, max-age=31536000",
    "true, 8080, false, off",
    "false, -1, false, off",
    "false, 8080, true, off"
  })
  void byDefault_onlyWithoutPlainHttp_andWithACertificateOfOnesOwn(
      boolean ownPair, int httpPort, String redirect, String expected) {
    Map<String, String> environment = new HashMap<>(Map.of("KV_HTTP_REDIRECT", redirect));

    StrictTransport.complete(environment, ownPair, new ServerAddress("*", httpPort, 8443));

    assertThat(environment).containsEntry("KV_TLS_HSTS", expected);
  }

  @ParameterizedTest
  @ValueSource(strings = {"off", "max-age=0", "max-age=300; includeSubDomains; preload"})
  void choice_isKept(String choice) {
    assertThat(completed(choice)).containsEntry("KV_TLS_HSTS", choice);
  }

  @ParameterizedTest
  @ValueSource(strings = {"on", "31536000", "max-age=1, x", "max-age=1\r\nX: y"})
  void choiceThatIsNone_isRefused(String choice) {
    assertThatThrownBy(() -> completed(choice)).isInstanceOf(StartupException.class);
  }

  @Test
  void redirectToWhereNothingListens_isRefused() {
    Map<String, String> environment = new HashMap<>(Map.of("KV_HTTP_REDIRECT", "true"));

    assertThatThrownBy(
            () -> StrictTransport.complete(environment, true, new ServerAddress("*", 8080, -1)))
        .hasMessageContaining("KV_HTTPS_PORT");
  }

  private static Map<String, String> completed(String hsts) {
    Map<String, String> environment = new HashMap<>(Map.of("KV_TLS_HSTS", hsts));
    StrictTransport.complete(environment, false, new ServerAddress("*", 8080, 8443));
    return environment;
  }
}
