package org.kvstore.server.model;

/** What a transaction may consist of. */
public sealed interface Operation
    permits Command.Put, Command.Delete, Operation.Get, Operation.ListRange {

  /** Reads one entry. */
  record Get(Key key) implements Operation {}

  /**
   * Reads the first entries of a range.
   *
   * @param range the keys
   * @param limit how many entries at the most, from 1
   */
  record ListRange(KeyRange range, int limit) implements Operation {}

  /** The keys that it reads or writes. */
  default KeyRange keys() {
    if (this instanceof ListRange list) {
      return list.range();
    }
    if (this instanceof Get get) {
      return KeyRange.of(get.key());
    }
    return KeyRange.of(this instanceof Command.Put put ? put.key() : ((Command.Delete) this).key());
  }

  /** Whether it changes something. */
  default boolean writes() {
    return this instanceof Command.Put || this instanceof Command.Delete;
  }
}
