package org.kvstore.server.model;

import java.util.concurrent.CompletionException;

/** What asynchronous answers fail with. */
public final class Failures {
  private Failures() {}

  /** What a stage failed with first: whatever depends on it wraps that in a failure of its own. */
  public static Throwable causeOf(Throwable failure) {
    Throwable cause = failure;
    while (cause instanceof CompletionException && cause.getCause() != null) {
      cause = cause.getCause();
    }
    return cause;
  }
}
