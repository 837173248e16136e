package org.kvstore.it.history;

/** What an operation asks of its key. */
public sealed interface Action {

  /** Reads. */
  record Get() implements Action {}

  /**
   * Writes, whatever there is.
   *
   * @param value no other write has it
   * @param lease what the entry hangs on, or 0
   */
  record Put(String value, long lease) implements Action {}

  /**
   * Writes if nobody has written since.
   *
   * @param expected the revision that the entry must have, or 0 when there must be none
   * @param value no other write has it
   */
  record CompareAndSet(long expected, String value) implements Action {}

  /** Adds to the number that the entry is; no entry is 0. */
  record Increment(long by) implements Action {}

  /** Deletes. */
  record Delete() implements Action {}

  /** Deletes if the entry hangs on a lease. */
  record Revoke(long lease) implements Action {}
}
