package org.kvstore.client;

import java.util.Optional;
import org.kvstore.api.ErrorCode;
import org.kvstore.api.KeyRules;

/** Checks keys before anything is sent. */
final class Keys {
  private Keys() {}

  /**
   * The key itself.
   *
   * @throws InvalidRequestException if it breaks a rule of {@link KeyRules}
   */
  static String valid(String key) {
    Optional<String> violation = KeyRules.violation(key);
    if (violation.isPresent()) {
      Failure failure = Failure.local(0, ErrorCode.KEY_INVALID, violation.get());
      throw KeyValueException.of(failure, null);
    }
    return key;
  }
}
