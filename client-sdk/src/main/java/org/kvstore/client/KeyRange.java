package org.kvstore.client;

import jakarta.ws.rs.QueryParam;
import org.jspecify.annotations.Nullable;

/**
 * A range of keys, ordered by their unsigned UTF-8 bytes.
 *
 * @param prefix what every key starts with; or null
 * @param start the first key, inclusive; null without a lower bound
 * @param end the key after the last; null without an upper bound
 */
public record KeyRange(
    @QueryParam("prefix") @Nullable String prefix,
    @QueryParam("start") @Nullable String start,
    @QueryParam("end") @Nullable String end) {

  /** Every key. */
  public static KeyRange all() {
    return new KeyRange(null, null, null);
  }

  /** The keys that start with a prefix; with an empty one every key. */
  public static KeyRange prefix(String prefix) {
    return prefix.isEmpty() ? all() : new KeyRange(prefix, null, null);
  }

  /** The keys from {@code start}, inclusive, to {@code end}, exclusive; null is unbounded. */
  public static KeyRange between(@Nullable String start, @Nullable String end) {
    return new KeyRange(null, start, end);
  }

  /** Whether the range has no bound, so that it is every key. */
  public boolean isAll() {
    return prefix == null && start == null && end == null;
  }
}
