package org.kvstore.client;

import org.jspecify.annotations.Nullable;

/** The disk or the quota is full and nothing was written. Clears when there is room. */
public final class StorageFullException extends KeyValueException {
  private static final long serialVersionUID = 1L;

  StorageFullException(Failure failure, @Nullable Throwable cause) {
    super(failure, cause);
  }
}
