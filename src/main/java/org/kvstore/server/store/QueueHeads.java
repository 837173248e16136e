package org.kvstore.server.store;

/**
 * The heads of the tables that are used as queues.
 *
 * @param deadlines of {@code deadlines}
 * @param requests of {@code requests}, by time
 * @param leases of {@code leases}, by time
 * @param unreadable the rows that they have passed
 */
record QueueHeads(
    QueueHead deadlines, QueueHead requests, QueueHead leases, UnreadableRows unreadable) {
  /**
   * @param strict as for {@link UnreadableRows}
   */
  QueueHeads(boolean strict) {
    this(new QueueHead(), new QueueHead(), new QueueHead(), new UnreadableRows(strict));
  }

  /** Begins a look for what is over at a time, now and then once more at what was passed. */
  void beginLook(long time) {
    if (unreadable.begin(time)) {
      forget();
    }
  }

  /** Whatever they say may be wrong now. */
  void forget() {
    deadlines.forget();
    requests.forget();
    leases.forget();
  }
}
