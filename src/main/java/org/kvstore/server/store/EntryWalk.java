package org.kvstore.server.store;

import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Entry;

/** Goes through the entries of a range in key order, up or down, as of one revision. */
interface EntryWalk extends AutoCloseable {

  /** Whether it stands on an entry; false at the end. A failed read throws instead. */
  boolean isValid();

  /** The key it stands on. */
  Bytes key();

  /** The entry it stands on. */
  Entry entry();

  /** Goes one entry on. */
  void next();

  /**
   * Goes on to a position: upwards to the first key at or above it, downwards to the last one
   * below.
   */
  void skipTo(Bytes position);

  @Override
  void close();
}
