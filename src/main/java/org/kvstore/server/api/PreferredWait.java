package org.kvstore.server.api;

import jakarta.servlet.http.HttpServletRequest;
import java.time.Duration;
import java.util.Collections;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.kvstore.api.Headers;

/**
 * {@code Prefer: wait=SECONDS} (RFC 7240): with it a read is held while its answer would be 304 or
 * 404.
 */
final class PreferredWait {
  private static final Pattern WAIT =
      Pattern.compile("(?:^|[,;])\\s*wait\\s*=\\s*\"?([0-9]{1,9})\"?\\s*(?=[,;]|$)");

  private PreferredWait() {}

  /** The wait asked for, within the limit; a preference that cannot be read is ignored. */
  static Optional<Duration> of(HttpServletRequest request, Duration limit) {
    if (request.getHeader(Headers.PREFER) == null) {
      return Optional.empty();
    }
    String preferences = String.join(",", Collections.list(request.getHeaders(Headers.PREFER)));
    Matcher matcher = WAIT.matcher(preferences);
    if (!matcher.find()) {
      return Optional.empty();
    }
    Duration wait = Duration.ofSeconds(Long.parseLong(matcher.group(1)));
    return Optional.of(wait.compareTo(limit) > 0 ? limit : wait);
  }
}
