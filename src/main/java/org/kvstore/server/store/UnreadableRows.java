package org.kvstore.server.store;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.HashSet;
import java.util.Set;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.KeyValueException;

/**
 * Rows that were over, or may have been, but could not be read: they do not decrypt, or are
 * damaged. They stay where they are, for the command verify to find, and hold up nothing: the heads
 * of the queues pass them. Once a minute all that were passed are looked at again, as what failed
 * may have been the disk, and the first ones are named in the log. Used by the committing thread.
 *
 * <p>Not so on one of several replicas: the others can read theirs, and would go on differently. It
 * is to stop instead.
 */
final class UnreadableRows {
  static final long PAUSE_MILLIS = 60_000;
  private static final Logger LOG = System.getLogger(UnreadableRows.class.getName());

  /** A damaged block of a table has many. */
  private static final int MOST_NAMED = 10;

  /** Those of the minute that began at {@code since}. */
  private final Set<String> named = new HashSet<>();

  private final boolean strict;
  private long since;

  /**
   * @param strict whether a row that cannot be read ends the look
   */
  UnreadableRows(boolean strict) {
    this.strict = strict;
  }

  /**
   * Begins a look for what is over.
   *
   * @param time of the look: milliseconds since the epoch
   * @return whether the rows that were passed are to be looked at again
   */
  boolean begin(long time) {
    if (named.isEmpty()) {
      since = time;
      return false;
    }
    // A clock that was set back is no reason to wait for longer.
    boolean again = Math.abs(time - since) >= PAUSE_MILLIS;
    if (again) {
      since = time;
      named.clear();
    }
    return again;
  }

  /**
   * A row could not be read, and is passed.
   *
   * @throws KeyValueException INTERNAL instead, on one of several replicas
   */
  void pass(Table table, byte[] row, RuntimeException reason) {
    String name = TableCheck.where(table, row);
    if (strict) {
      throw KeyValueException.of(
              ErrorCode.INTERNAL, "A row of this replica cannot be read: " + name)
          .withCause(reason);
    }
    if (named.size() < MOST_NAMED && named.add(name)) {
      LOG.log(
          Level.ERROR, "A row cannot be read, so it does not expire. {0} reason={1}", name, reason);
    }
  }
}
