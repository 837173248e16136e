package org.kvstore.client;

import org.jspecify.annotations.Nullable;

/**
 * The service cannot be reached or cannot do it now. A write was certainly not applied, so a retry
 * is safe.
 */
public final class UnavailableException extends KeyValueException {
  private static final long serialVersionUID = 1L;

  UnavailableException(Failure failure, @Nullable Throwable cause) {
    super(failure, cause);
  }
}
