package org.kvstore.client;

import org.jspecify.annotations.Nullable;

/**
 * The outcome of a write is unknown: it may or may not have been applied, because the connection
 * broke or timed out after the request was sent, or because the service said so. Read the key to
 * find out, or repeat a write that had an idempotency key.
 */
public final class IndeterminateException extends KeyValueException {
  private static final long serialVersionUID = 1L;

  IndeterminateException(Failure failure, @Nullable Throwable cause) {
    super(failure, cause);
  }
}
