package org.kvstore.server.model;

import org.jspecify.annotations.Nullable;

/** How long a written entry lives. */
public sealed interface Lifetime {
  /** Until it is deleted; an earlier time to live is cleared. */
  record Forever() implements Lifetime {}

  /** As long as the entry that it replaces; for ever when it replaces none. */
  record Keep() implements Lifetime {}

  /**
   * Until a time.
   *
   * @param expiresAt milliseconds since the epoch, above 0
   */
  record Until(long expiresAt) implements Lifetime {}

  /**
   * As long as a lease.
   *
   * @param lease the lease's id, above 0
   * @param owner whose lease it has to be; null for anybody's
   */
  record OnLease(long lease, @Nullable String owner) implements Lifetime {
    /** Of whoever it is. */
    public OnLease(long lease) {
      this(lease, null);
    }
  }

  /** The lease that an entry hangs on which replaces one on lease {@code earlier}; 0 for none. */
  default long lease(long earlier) {
    if (this instanceof OnLease leased) {
      return leased.lease();
    }
    return this instanceof Keep ? earlier : Entry.NO_LEASE;
  }

  /** The time of expiry of an entry that replaces one which expires at {@code earlier}. */
  default long expiresAt(long earlier) {
    if (this instanceof Until until) {
      return until.expiresAt();
    }
    return this instanceof Keep ? earlier : Entry.NEVER;
  }
}
