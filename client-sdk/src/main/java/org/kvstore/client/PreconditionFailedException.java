package org.kvstore.client;

import org.jspecify.annotations.Nullable;

/**
 * The condition of a write did not hold and nothing was written. {@link #etag()} is the current
 * entity tag; empty when the key does not exist.
 */
public final class PreconditionFailedException extends KeyValueException {
  private static final long serialVersionUID = 1L;

  PreconditionFailedException(Failure failure, @Nullable Throwable cause) {
    super(failure, cause);
  }
}
