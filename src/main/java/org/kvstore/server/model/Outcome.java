package org.kvstore.server.model;

import org.jspecify.annotations.Nullable;

/** What became of a command. An outcome is handed out only when it is durable. */
public sealed interface Outcome {

  /**
   * The entry was written.
   *
   * @param created whether the key was missing before
   * @param modifiedAt milliseconds since the epoch
   * @param expiresAt milliseconds since the epoch, or {@link Entry#NEVER}
   */
  record Written(
      boolean created,
      long createRevision,
      long modRevision,
      long version,
      long modifiedAt,
      long expiresAt)
      implements Outcome {}

  /** The entry was deleted. */
  record Deleted(long revision) implements Outcome {}

  /** There was no such entry; nothing was done. */
  record Missing() implements Outcome {}

  /**
   * The condition did not hold; nothing was done.
   *
   * @param currentRevision the entry's revision, or 0 when there is none
   */
  record ConditionFailed(long currentRevision) implements Outcome {}

  /**
   * Keys of a range were deleted.
   *
   * @param deleted how many, those of earlier commands of the same request included
   * @param resume where the range goes on; null when all of it is done
   */
  record RangeDeleted(long deleted, @Nullable Bytes resume) implements Outcome {}

  /**
   * Entries expired.
   *
   * @param expired how many
   * @param more whether more were due than the command might expire
   */
  record Expired(int expired, boolean more) implements Outcome {}

  /** The request's name was used before, for another request; nothing was done. */
  record NameReused() implements Outcome {}
}
