package org.kvstore.client.cli;

import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.TypeConversionException;

/** Durations as people write them: {@code 500ms}, {@code 30s}, {@code 5m}, {@code 2h}, or ISO. */
final class Durations {
  private static final Pattern SHORT = Pattern.compile("([0-9]{1,9})(ms|s|m|h|d)");
  private static final Map<String, Duration> UNITS =
      Map.of(
          "ms", Duration.ofMillis(1),
          "s", Duration.ofSeconds(1),
          "m", Duration.ofMinutes(1),
          "h", Duration.ofHours(1),
          "d", Duration.ofDays(1));

  private Durations() {}

  static Duration parse(String text) {
    Duration duration = value(text);
    if (duration.compareTo(Duration.ZERO) <= 0) {
      throw new TypeConversionException("'" + text + "' is not above zero");
    }
    return duration;
  }

  private static Duration value(String text) {
    Matcher matcher = SHORT.matcher(text);
    if (matcher.matches()) {
      Duration unit = UNITS.getOrDefault(matcher.group(2), Duration.ZERO);
      return unit.multipliedBy(Long.parseLong(matcher.group(1)));
    }
    try {
      return Duration.parse(text);
    } catch (DateTimeParseException notIso) {
      throw new TypeConversionException(
          "'" + text + "' is not a time such as 500ms, 30s, 5m, 2h, 1d or PT30S");
    }
  }
}
