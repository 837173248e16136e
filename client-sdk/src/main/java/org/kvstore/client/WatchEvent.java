package org.kvstore.client;

import org.jspecify.annotations.Nullable;

/** What a watch delivers. */
public sealed interface WatchEvent {

  /**
   * A key has changed. All changes of one revision are delivered before any is handed out.
   *
   * @param change the change
   * @param position a watch {@linkplain WatchOptions#from from} here goes on after the whole
   *     revision of this change
   */
  record Changed(Change change, String position) implements WatchEvent {

    /** Whether the key was put or deleted. */
    public Change.Type type() {
      return change.type();
    }

    /** The key. */
    public String key() {
      return change.key();
    }

    /** The entry after the change; of a delete only the key and the revision. */
    public Entry entry() {
      return change.entry();
    }

    /** The entry before the change; null when it was not asked for, did not exist or is gone. */
    public @Nullable Entry previous() {
      return change.previous();
    }

    /** Why it happened. */
    public Change.Reason reason() {
      return change.reason();
    }
  }

  /**
   * Everything up to a position has been delivered. It comes at the beginning, and while nothing
   * happens.
   *
   * @param position a watch from here goes on after it
   */
  record Progress(String position) implements WatchEvent {}

  /**
   * The changes that come next are not retained any more: some are lost to this watch, which has
   * ended. List what is there now, and watch from the position of the listing.
   *
   * @param reason what the service said
   */
  record Compacted(CompactedException reason) implements WatchEvent {}
}
