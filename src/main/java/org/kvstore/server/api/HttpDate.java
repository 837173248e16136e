package org.kvstore.server.api;

import java.time.LocalDateTime;
import java.time.ZoneOffset;

/** The date of HTTP, RFC 9110 section 5.6.7: {@code Sun, 06 Nov 1994 08:49:37 GMT}. */
final class HttpDate {
  private static final String[] DAYS = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
  private static final String[] MONTHS = {
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"
  };

  private HttpDate() {}

  /**
   * Writes a time, cut to its second. Every read has one, and a general formatter takes ten times
   * as long.
   *
   * @param millis milliseconds since the epoch, before the year 10000
   */
  static String format(long millis) {
    LocalDateTime time =
        LocalDateTime.ofEpochSecond(Math.floorDiv(millis, 1_000), 0, ZoneOffset.UTC);
    StringBuilder text = new StringBuilder(29);
    text.append(DAYS[time.getDayOfWeek().ordinal()]).append(", ");
    twoDigits(text, time.getDayOfMonth()).append(' ');
    text.append(MONTHS[time.getMonthValue() - 1]).append(' ').append(time.getYear()).append(' ');
    twoDigits(text, time.getHour()).append(':');
    twoDigits(text, time.getMinute()).append(':');
    return twoDigits(text, time.getSecond()).append(" GMT").toString();
  }

  private static StringBuilder twoDigits(StringBuilder text, int number) {
    return text.append((char) ('0' + number / 10)).append((char) ('0' + number % 10));
  }
}
