package org.kvstore.server.model;

import org.jspecify.annotations.Nullable;

/**
 * A half-open range of keys in the order of their bytes. Its bounds need not be keys.
 *
 * @param start first position in the range
 * @param end first position behind the range, or null for no bound
 */
public record KeyRange(Bytes start, @Nullable Bytes end) {
  private static final Bytes BEHIND_SYSTEM = Bytes.ofUtf8("\u0001");

  /** Every key of clients. */
  public static final KeyRange ALL = new KeyRange(BEHIND_SYSTEM, null);

  /** The keys that the server has for itself: {@link Key#ofSystem}. They are in no other range. */
  public static final KeyRange SYSTEM = new KeyRange(Bytes.ofUtf8("\0"), BEHIND_SYSTEM);

  /** One key alone. */
  public static KeyRange of(Key key) {
    return new KeyRange(key.utf8(), key.utf8().successor());
  }

  /** The keys of clients that begin with a prefix. */
  public static KeyRange ofPrefix(Bytes prefix) {
    return between(prefix, prefix.afterPrefix());
  }

  /** The keys of clients from one position to another, or with null to the last. */
  public static KeyRange between(Bytes start, @Nullable Bytes end) {
    return ALL.from(start).to(end);
  }

  private KeyRange to(@Nullable Bytes position) {
    return position == null ? this : below(position);
  }

  /** Whether every position of another range lies in this one. */
  public boolean covers(KeyRange other) {
    return start.compareTo(other.start) <= 0
        && (end == null || other.end != null && other.end.compareTo(end) <= 0);
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

  /** The range for people: a key, a prefix followed by an asterisk, or both bounds. */
  public String text() {
    if (end != null && end.equals(start.successor())) {
      return start.toUtf8();
    }
    Bytes first = equals(ALL) ? Bytes.EMPTY : start;
    if (equals(ALL) || end != null && end.equals(start.afterPrefix())) {
      return first.toUtf8() + "*";
    }
    return "[" + start.toUtf8() + ", " + (end == null ? "" : end.toUtf8()) + ")";
  }

  /** Whether no position can lie in the range. */
  public boolean isEmpty() {
    return end != null && start.compareTo(end) >= 0;
  }
}
