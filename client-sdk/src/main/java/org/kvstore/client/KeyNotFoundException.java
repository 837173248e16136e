package org.kvstore.client;

import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The key does not exist, or did not exist at the revision asked for. */
public final class KeyNotFoundException extends KeyValueException {
  private static final long serialVersionUID = 1L;

  KeyNotFoundException(Failure failure, @Nullable Throwable cause) {
    super(failure, cause);
  }

  /** How old a local read of it may be; empty when that is not known, and of any other read. */
  Optional<Duration> age() {
    return Optional.ofNullable(failure().age());
  }
}
