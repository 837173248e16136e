package org.kvstore.client;

import org.jspecify.annotations.Nullable;

/**
 * What to watch, for example {@code WatchOptions.prefix("orders/").from(position).withPrevious()}.
 *
 * @param key one key; or null
 * @param range a range of keys, every key without a bound; ignored with a key
 * @param position where to begin: what follows it is delivered; null begins now
 * @param previous whether the entry before each change is wanted
 * @param only the one type of change that is wanted; null means both
 */
public record WatchOptions(
    @Nullable String key,
    KeyRange range,
    @Nullable String position,
    boolean previous,
    Change.@Nullable Type only) {

  /** Watches one key. */
  public static WatchOptions key(String key) {
    return new WatchOptions(Keys.valid(key), KeyRange.all(), null, false, null);
  }

  /** Watches the keys that start with a prefix; with an empty one every key. */
  public static WatchOptions prefix(String prefix) {
    return range(KeyRange.prefix(prefix));
  }

  /** Watches a range of keys. */
  public static WatchOptions range(KeyRange range) {
    return new WatchOptions(null, range, null, false, null);
  }

  /** These options from a position: of an event, of a listing or of another watch; null is now. */
  public WatchOptions from(@Nullable String earlier) {
    return new WatchOptions(key, range, earlier, previous, only);
  }

  /** These options with the entry before each change. */
  public WatchOptions withPrevious() {
    return new WatchOptions(key, range, position, true, only);
  }

  /** These options for one type of change only. */
  public WatchOptions only(Change.Type type) {
    return new WatchOptions(key, range, position, previous, type);
  }
}
