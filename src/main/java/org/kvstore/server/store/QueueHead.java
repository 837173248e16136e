package org.kvstore.server.store;

/**
 * Where a table that is used as a queue by time begins: no row of it is below this time, but those
 * that cannot be read.
 *
 * <p>Rows leave such a table at its front, and until compaction each leaves a tombstone that a seek
 * to the front walks over. Beginning at the head instead makes looking cheap. Only the committing
 * thread changes it; anyone may read it. It is a hint in memory: after a failed or abandoned
 * commit, and when the store opens, it is unknown again.
 */
final class QueueHead {
  private static final long UNKNOWN = 0;

  private volatile long time = UNKNOWN;

  /** A time that no row is below which can be read. */
  long time() {
    return time;
  }

  /** All rows below a time are gone, or go with the commit under way, or cannot be read. */
  void raise(long to) {
    time = to;
  }

  /** A row with this time is added. */
  void include(long row) {
    if (row < time) {
      time = row;
    }
  }

  void forget() {
    time = UNKNOWN;
  }
}
