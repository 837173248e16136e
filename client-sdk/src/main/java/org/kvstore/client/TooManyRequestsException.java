package org.kvstore.client;

import org.jspecify.annotations.Nullable;

/** A rate or concurrency limit is reached and nothing was done. Safe to retry later. */
public final class TooManyRequestsException extends KeyValueException {
  private static final long serialVersionUID = 1L;

  TooManyRequestsException(Failure failure, @Nullable Throwable cause) {
    super(failure, cause);
  }
}
