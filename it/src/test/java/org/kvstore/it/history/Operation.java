package org.kvstore.it.history;

/**
 * One operation of one client on one key. It took effect at one moment from {@code invoked} to
 * {@code returned}, or, if its result is unknown, perhaps never.
 *
 * @param invoked before it was sent, in nanoseconds of a clock that all clients share
 * @param returned after it was answered, or when it can have no effect any more
 */
public record Operation(String key, Action action, Result result, long invoked, long returned) {
  /** Never comes: the operation may yet take effect. */
  public static final long OPEN = Long.MAX_VALUE;

  public boolean isUnknown() {
    return result instanceof Result.Unknown;
  }
}
