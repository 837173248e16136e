package org.kvstore.server.model;

/** A change that is asked for. Applying one is deterministic: it reads no clock and no chance. */
public sealed interface Command {

  /** Creates or replaces one entry. */
  record Put(Key key, Bytes value, String contentType, Lifetime lifetime, Condition condition)
      implements Command {}

  /** Deletes one entry. */
  record Delete(Key key, Condition condition) implements Command {}

  /**
   * Deletes the first keys of a range, in one revision.
   *
   * @param range the keys
   * @param limit how many at the most, so that one revision stays bounded
   * @param deletedBefore keys that earlier commands of the same request deleted
   */
  record DeleteRange(KeyRange range, int limit, long deletedBefore) implements Command {}

  /**
   * Deletes entries whose time has come, in one revision.
   *
   * @param limit how many at the most
   */
  record Expire(int limit) implements Command {}

  /** The bytes that the command holds in memory while it waits, roughly. */
  default long weight() {
    return this instanceof Put put ? 256L + put.key().utf8().size() + put.value().size() : 256L;
  }

  /**
   * Whether the command needs room on the disk for good, beyond what a delete needs for a while.
   */
  default boolean grows() {
    return this instanceof Put;
  }
}
