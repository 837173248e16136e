package org.kvstore.client;

import java.io.InputStream;
import org.jspecify.annotations.Nullable;

/** Where a watch reads from. */
interface WatchSource {
  /**
   * Opens the stream of events, anew after each break.
   *
   * @param lastEventId the last position that was delivered: the stream goes on after it; null
   *     begins where the options of the watch say
   * @return the stream; closing it from another thread ends a read that waits
   * @throws CompactedException if what follows the position is not retained
   * @throws KeyValueException if it cannot be opened
   */
  InputStream open(@Nullable String lastEventId);
}
