package org.kvstore.client;

import org.jspecify.annotations.Nullable;

/** The key, a parameter or the body is not allowed. The same request will fail again. */
public final class InvalidRequestException extends KeyValueException {
  private static final long serialVersionUID = 1L;

  InvalidRequestException(Failure failure, @Nullable Throwable cause) {
    super(failure, cause);
  }
}
