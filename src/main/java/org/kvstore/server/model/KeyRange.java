package org.kvstore.server.model;

import org.jspecify.annotations.Nullable;

/**
 * A half-open range of keys in the order of their bytes. Its bounds need not be keys.
 *
 * @param start first position in the range
 * @param end first position behind the range, or null for no bound
 */
public record KeyRange(Bytes start, @Nullable Bytes end) {
  /** Every key. */
  public static final KeyRange ALL = new KeyRange(Bytes.EMPTY, null);

  /** The keys that begin with a prefix. */
  public static KeyRange ofPrefix(Bytes prefix) {
    return new KeyRange(prefix, prefix.afterPrefix());
  }

  /** Whether a position lies in the range. */
  public boolean contains(Bytes position) {
    return position.compareTo(start) >= 0 && (end == null || position.compareTo(end) < 0);
  }

  /** The part of the range at and above a position. */
  public KeyRange from(Bytes position) {
    return position.compareTo(start) > 0 ? new KeyRange(position, end) : this;
  }

  /** The part of the range below a position. */
  public KeyRange below(Bytes position) {
    return end == null || position.compareTo(end) < 0 ? new KeyRange(start, position) : this;
  }

  /** Whether no position can lie in the range. */
  public boolean isEmpty() {
    return end != null && start.compareTo(end) >= 0;
  }
}
