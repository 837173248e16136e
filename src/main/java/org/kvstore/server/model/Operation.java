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

  /** Whether it changes something. */
  default boolean writes() {
    return this instanceof Command.Put || this instanceof Command.Delete;
  }
}
