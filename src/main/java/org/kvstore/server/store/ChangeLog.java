package org.kvstore.server.store;

import org.jspecify.annotations.Nullable;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.Event;
import org.kvstore.server.model.KeyValueException;

/**
 * What changed in a shard, as far back as it is retained. A read fails with UNAVAILABLE while the
 * store recovers from a failed write, which says nothing about what it will bring afterwards.
 */
public interface ChangeLog {

  /** The newest published revision. */
  long revision();

  /**
   * Events after a revision, in order, whole revisions only.
   *
   * @param after the newest revision that is known already
   * @param events how many are enough
   * @param bytes how many bytes of them are enough
   * @throws KeyValueException COMPACTED when some are given up, REQUEST_INVALID in the future
   */
  Changes changes(long after, int events, long bytes);

  /** The entry that an event replaced or deleted; null when there was none or it is given up. */
  @Nullable Entry before(Event event);
}
