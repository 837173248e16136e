package org.kvstore.server.model;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;

/** What became of a command. An outcome is handed out only when it is durable. */
public sealed interface Outcome {

  /**
   * The entry was written.
   *
   * @param created whether the key was missing before
   * @param modifiedAt milliseconds since the epoch
   * @param expiresAt milliseconds since the epoch, or {@link Entry#NEVER}
   * @param lease lease that the entry hangs on, or {@link Entry#NO_LEASE}
   */
  record Written(
      boolean created,
      long createRevision,
      long modRevision,
      long version,
      long modifiedAt,
      long expiresAt,
      long lease)
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
   * The value was patched.
   *
   * @param written what became of the entry
   * @param value the new value
   * @param contentType its media type
   */
  record Modified(Written written, Bytes value, String contentType) implements Outcome {}

  /**
   * The transaction was done.
   *
   * @param succeeded whether all comparisons held
   * @param revision the revision of its writes, or the newest one when it wrote nothing
   * @param results one of {@link Written}, {@link Deleted}, {@link Missing}, {@link Found} and
   *     {@link Listed} for each operation, in order
   */
  record Transacted(boolean succeeded, long revision, List<Outcome> results) implements Outcome {

    /** Copies the list. */
    public Transacted {
      results = List.copyOf(results);
    }
  }

  /** An operation of a transaction read an entry. */
  record Found(Entry entry) implements Outcome {}

  /**
   * An operation of a transaction read a range.
   *
   * @param entries the first entries
   * @param more whether the range has more of them
   */
  record Listed(List<Entry> entries, boolean more) implements Outcome {

    /** Copies the list. */
    public Listed {
      entries = List.copyOf(entries);
    }
  }

  /** The lease was granted or renewed. */
  record Leased(Lease lease) implements Outcome {}

  /**
   * The lease was revoked.
   *
   * @param keys how many keys were deleted with it
   */
  record Revoked(int keys) implements Outcome {}

  /**
   * The lease was revoked here, and its branches are to be told.
   *
   * @param lease what is left of it: its branches, and when it would have ended by itself
   * @param keys how many keys were deleted with it
   */
  record Ending(Lease lease, int keys) implements Outcome {}

  /**
   * A key was to hang on a lease whose home is another shard and which has no branch here yet;
   * nothing was done.
   *
   * @param lease its id
   * @param owner whose lease it has to be; null for anybody's
   */
  record NoBranch(long lease, @Nullable String owner) implements Outcome {}

  /**
   * The history before a revision is given up.
   *
   * @param revision the oldest revision that can be read
   */
  record Compacted(long revision) implements Outcome {}

  /**
   * It could not be done, whatever the condition; nothing was done.
   *
   * @param code what is wrong
   * @param detail a sentence for the client
   * @param field what of the request is at fault; empty when it is not one part
   * @param limit the limit that it is beyond, or -1
   */
  record Rejected(ErrorCode code, String detail, String field, long limit) implements Outcome {}

  /**
   * An operation of a transaction was refused; nothing was done.
   *
   * @param succeeded whether all comparisons held, so that it is one of {@code then}
   * @param operation its index in its list
   * @param reason {@link ConditionFailed}, {@link NoBranch} or {@link Rejected}
   */
  record OperationRefused(boolean succeeded, int operation, Outcome reason) implements Outcome {}

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
