package org.kvstore.server.store;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.Event;
import org.kvstore.server.model.KeyValueException;

/**
 * Where a watch delivers to. No method blocks; they are called by one thread at a time. A sink that
 * is not ready says so, and calls {@link Watch#ready} once it is.
 */
public interface WatchSink {

  /** Whether something may be sent now. */
  boolean isReady();

  /**
   * Prepares to deliver events: whole revisions, in order. What it returns is run at once, and
   * sends them.
   */
  Runnable prepare(List<Delivery> deliveries);

  /** Says that everything up to a revision has been delivered. */
  void progress(long revision);

  /**
   * Ends, saying why; nothing is delivered afterwards. It may come before the sink was ever ready.
   */
  void end(KeyValueException reason);

  /**
   * An event on its way.
   *
   * @param event what happened
   * @param previous the entry before it, when that was asked for and is retained
   * @param last whether it is the last wanted one of its revision
   */
  record Delivery(Event event, @Nullable Entry previous, boolean last) {}
}
