package org.kvstore.api;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DurationsTest {
  @ParameterizedTest
  @CsvSource({
    "500ms, PT0.5S",
    "30s, PT30S",
    "10m, PT10M",
    "2h, PT2H",
    "7d, PT168H",
    "0s, PT0S",
    "5 m, PT5M",
    "PT1M30S, PT1M30S",
    "-PT1S, PT-1S",
    "999999999999999s, PT277777777777H46M39S"
  })
  void parse_duration_isRead(String text, String expected) {
    assertThat(Durations.parse(text)).map(Object::toString).contains(expected);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "5",
        "s",
        "-5s",
        "5S",
        "1w",
        "1.5s",
        "PT",
        "5s ",
        "9999999999999999s",
        "999999999999999d"
      })
  void parse_anythingElse_isEmpty(String text) {
    assertThat(Durations.parse(text)).isEmpty();
  }
}
