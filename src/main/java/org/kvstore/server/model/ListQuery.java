package org.kvstore.server.model;

import org.jspecify.annotations.Nullable;

/**
 * One page of a listing.
 *
 * @param range the keys
 * @param descending whether from the end of the range to its start
 * @param limit entries and folded prefixes at the most, from 1
 * @param maxBytes bytes of values above which the page ends early
 * @param keysOnly whether values are left out
 * @param delimiter folds keys that go on with it behind {@code prefix}; null to fold none
 * @param prefix where folding begins; empty unless the range is that of a prefix
 * @param revision the point in time, or 0 for now
 * @param after the last key or folded prefix of the page before, or null for the first page
 */
public record ListQuery(
    KeyRange range,
    boolean descending,
    int limit,
    long maxBytes,
    boolean keysOnly,
    @Nullable Bytes delimiter,
    Bytes prefix,
    long revision,
    @Nullable Bytes after) {

  /**
   * The same query for a part of the page.
   *
   * @param most entries and folded prefixes of the part at the most
   * @param bytes of values above which it ends early
   * @param at the point in time, or 0 for now
   * @param behind where the part begins; null at the beginning
   */
  public ListQuery part(int most, long bytes, long at, @Nullable Bytes behind) {
    return new ListQuery(range, descending, most, bytes, keysOnly, delimiter, prefix, at, behind);
  }
}
