package org.kvstore.client.cli;

import java.time.Duration;
import picocli.CommandLine.TypeConversionException;

/** Durations above zero, as arguments. */
final class Durations {
  private Durations() {}

  static Duration parse(String text) {
    Duration duration =
        org.kvstore.api.Durations.parse(text)
            .orElseThrow(
                () ->
                    new TypeConversionException(
                        "'" + text + "' is not a time such as 500ms, 30s, 5m, 2h, 1d or PT30S"));
    if (duration.compareTo(Duration.ZERO) <= 0) {
      throw new TypeConversionException("'" + text + "' is not above zero");
    }
    return duration;
  }
}
