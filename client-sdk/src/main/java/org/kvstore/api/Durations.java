package org.kvstore.api;

import java.math.BigInteger;
import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Durations as people write them: {@code 500ms}, {@code 30s}, {@code 10m}, {@code 2h}, {@code 7d}
 * or ISO-8601 ({@code PT30S}). Both sides read them with this.
 */
public final class Durations {
  private static final Pattern NUMBER_AND_UNIT = Pattern.compile("([0-9]{1,15})\\s*(ms|[smhd])");
  private static final Map<String, Duration> UNITS =
      Map.of(
          "ms", Duration.ofMillis(1),
          "s", Duration.ofSeconds(1),
          "m", Duration.ofMinutes(1),
          "h", Duration.ofHours(1),
          "d", Duration.ofDays(1));

  /** Milliseconds fit a {@code long} with room for adding the time of day. */
  private static final int MAX_BITS = 62;

  private Durations() {}

  /** Reads a duration, above zero or not; empty when the text is none. */
  public static Optional<Duration> parse(String text) {
    if (text.startsWith("P") || text.startsWith("-P")) {
      try {
        return Optional.of(Duration.parse(text));
      } catch (DateTimeParseException notADuration) {
        return Optional.empty();
      }
    }
    Matcher matcher = NUMBER_AND_UNIT.matcher(text);
    if (!matcher.matches()) {
      return Optional.empty();
    }
    Duration unit = UNITS.getOrDefault(matcher.group(2), Duration.ZERO);
    BigInteger millis =
        new BigInteger(matcher.group(1)).multiply(BigInteger.valueOf(unit.toMillis()));
    return millis.bitLength() > MAX_BITS
        ? Optional.empty()
        : Optional.of(Duration.ofMillis(millis.longValueExact()));
  }
}
