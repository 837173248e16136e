package org.kvstore.client;

import org.jspecify.annotations.Nullable;

/** A size limit is exceeded; the problem names it. The same request will fail again. */
public final class TooLargeException extends KeyValueException {
  private static final long serialVersionUID = 1L;

  TooLargeException(Failure failure, @Nullable Throwable cause) {
    super(failure, cause);
  }
}
