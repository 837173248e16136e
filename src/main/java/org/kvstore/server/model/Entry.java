package org.kvstore.server.model;

/**
 * A key's state as of one revision.
 *
 * @param key the key
 * @param value the value's bytes
 * @param contentType media type that the value was stored with
 * @param createRevision revision of the write that created the entry
 * @param modRevision revision of the newest write
 * @param version number of writes since the entry was created, from 1
 * @param modifiedAt time of the newest write: milliseconds since the epoch
 * @param expiresAt time of expiry: milliseconds since the epoch, or {@link #NEVER}
 * @param lease lease that the entry hangs on, or {@link #NO_LEASE}
 */
public record Entry(
    Key key,
    Bytes value,
    String contentType,
    long createRevision,
    long modRevision,
    long version,
    long modifiedAt,
    long expiresAt,
    long lease) {
  /** Value of {@link #expiresAt} for an entry without expiry. */
  public static final long NEVER = 0;

  /** Value of {@link #lease} for an entry that hangs on no lease. */
  public static final long NO_LEASE = 0;

  /** Whether the entry has a time of expiry. */
  public boolean expires() {
    return expiresAt != NEVER;
  }
}
