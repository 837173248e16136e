package org.kvstore.it.history;

/** What became of an operation, as far as its client knows. */
public sealed interface Result {

  /** There was no answer, or one that does not tell: it may have been done or not. */
  record Unknown() implements Result {}

  /** The answer was that nothing was done, whatever the entry is: it tells nothing of the key. */
  record Refused() implements Result {}

  /** An entry was read. */
  record Found(long revision, String value) implements Result {}

  /** There was no entry. */
  record Missing() implements Result {}

  /** An entry was written. */
  record Written(long revision, boolean created) implements Result {}

  /** An entry was changed into what the answer has told. */
  record Changed(long revision, String value) implements Result {}

  /** The condition did not hold; {@code current} is the entry's revision, 0 when there is none. */
  record Mismatch(long current) implements Result {}

  /** The entry was deleted, or the lease revoked. */
  record Deleted() implements Result {}
}
