package org.kvstore.server.store;

/**
 * The heads of the tables that are used as queues.
 *
 * @param deadlines of {@code deadlines}
 * @param requests of {@code requests}, by time
 * @param leases of {@code leases}, by time
 */
record QueueHeads(QueueHead deadlines, QueueHead requests, QueueHead leases) {
  QueueHeads() {
    this(new QueueHead(), new QueueHead(), new QueueHead());
  }

  /** Whatever they say may be wrong now. */
  void forget() {
    deadlines.forget();
    requests.forget();
    leases.forget();
  }
}
