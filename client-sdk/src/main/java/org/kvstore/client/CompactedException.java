package org.kvstore.client;

import org.jspecify.annotations.Nullable;

/** The revision or cursor asked for is older than what history retains. Start anew. */
public final class CompactedException extends KeyValueException {
  private static final long serialVersionUID = 1L;

  CompactedException(Failure failure, @Nullable Throwable cause) {
    super(failure, cause);
  }
}
