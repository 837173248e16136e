package org.kvstore.client;

import org.jspecify.annotations.Nullable;

/** The key does not exist, or did not exist at the revision asked for. */
public final class KeyNotFoundException extends KeyValueException {
  private static final long serialVersionUID = 1L;

  KeyNotFoundException(Failure failure, @Nullable Throwable cause) {
    super(failure, cause);
  }
}
