package org.kvstore.server.service;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.kvstore.api.Durations;

class QuantitiesTest {
  @ParameterizedTest
  @CsvSource({
    "500ms, 500",
    "30s, 30000",
    "10m, 600000",
    "2h, 7200000",
    "7d, 604800000",
    "PT30S, 30000",
    "P1D, 86400000",
    "0s, 0",
    "-PT1S, -1000"
  })
  void duration_ofEachForm_isRead(String text, long millis) {
    assertThat(Durations.parse(text)).contains(Duration.ofMillis(millis));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "30", "s", "-5s", "1.5s", "30S", "1y", "P", "PT", "9999999999999999s", "1 0s"})
  void duration_ofAnythingElse_isNone(String text) {
    assertThat(Durations.parse(text)).isEmpty();
  }

  @Test
  void duration_thatOverflowsMilliseconds_isNone() {
    assertThat(Durations.parse("999999999999999d")).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "1048576, 1048576",
    "64KiB, 65536",
    "1MB, 1000000",
    "128MiB, 134217728",
    "2gib, 2147483648",
    "5 b, 5"
  })
  void bytes_ofEachUnit_isRead(String text, long bytes) {
    assertThat(Quantities.bytes(text)).contains(bytes);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "MiB", "-1", "1.5MiB", "1TiB", "999999999999999GiB"})
  void bytes_ofAnythingElse_isNone(String text) {
    assertThat(Quantities.bytes(text)).isEmpty();
  }
}
