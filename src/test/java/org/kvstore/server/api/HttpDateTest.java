package org.kvstore.server.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Random;
import org.junit.jupiter.api.Test;

class HttpDateTest {
  @Test
  void format_anyTime_agreesWithTheGeneralFormatter() {
    DateTimeFormatter general =
        DateTimeFormatter.ofPattern("EEE, dd MMM yyyy HH:mm:ss 'GMT'", Locale.ENGLISH);
    Random random = new Random(42);
    for (int i = 0; i < 10_000; i++) {
      long millis = random.nextLong(253_402_300_799_999L);
      assertThat(HttpDate.format(millis))
          .isEqualTo(general.format(Instant.ofEpochMilli(millis).atOffset(ZoneOffset.UTC)));
    }
  }
}
