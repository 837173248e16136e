package org.kvstore.server.api;

import jakarta.servlet.http.HttpServletRequest;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.Headers;
import org.kvstore.server.model.KeyValueException;

/** The header by which a repeated write is known as one. */
final class IdempotencyKey {
  private static final int MAX_LENGTH = 128;
  private static final Pattern VALID = Pattern.compile("[\\x21-\\x7E]{1," + MAX_LENGTH + "}");

  private IdempotencyKey() {}

  /**
   * The Idempotency-Key of a write, or null.
   *
   * @throws KeyValueException REQUEST_INVALID when it is malformed
   */
  static @Nullable String of(HttpServletRequest request) {
    String key = request.getHeader(Headers.IDEMPOTENCY_KEY);
    if (key != null && !VALID.matcher(key).matches()) {
      throw KeyValueException.invalid(
              Headers.IDEMPOTENCY_KEY, "It has 1 to 128 visible ASCII characters.")
          .withLimit(MAX_LENGTH);
    }
    return key;
  }
}
