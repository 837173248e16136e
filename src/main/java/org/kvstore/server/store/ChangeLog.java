package org.kvstore.server.store;

import java.util.List;
import java.util.Optional;
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

  /**
   * The entries that events replaced or deleted, in the order of the events; of each nothing when
   * there was none or it is given up. They are those of the first events: of at least one, and of
   * as many as it takes to have enough bytes.
   *
   * @param events at least one, in the order of the log
   * @param bytes how many bytes of values are enough
   */
  List<Optional<Entry>> before(List<Event> events, long bytes);
}
