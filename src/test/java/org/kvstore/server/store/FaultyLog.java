package org.kvstore.server.store;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.Event;
import org.kvstore.server.model.KeyValueException;

/** A log of changes that fails, as while its store recovers, for as long as a test wants. */
final class FaultyLog implements ChangeLog {
  private final ChangeLog log;
  private final AtomicInteger refusals = new AtomicInteger();
  private final AtomicInteger readsBefore = new AtomicInteger();
  private volatile boolean failing;

  FaultyLog(ChangeLog log) {
    this.log = log;
  }

  void fail() {
    failing = true;
  }

  void mend() {
    failing = false;
  }

  /** How many reads have failed so far. */
  int refusals() {
    return refusals.get();
  }

  /** How often earlier entries were read. */
  int readsBefore() {
    return readsBefore.get();
  }

  @Override
  public long revision() {
    requireReadable();
    return log.revision();
  }

  @Override
  public Changes changes(long after, int events, long bytes) {
    requireReadable();
    return log.changes(after, events, bytes);
  }

  @Override
  public List<Optional<Entry>> before(List<Event> events, long bytes) {
    requireReadable();
    readsBefore.incrementAndGet();
    return log.before(events, bytes);
  }

  private void requireReadable() {
    if (failing) {
      refusals.incrementAndGet();
      throw KeyValueException.of(ErrorCode.UNAVAILABLE, "The store is not open.");
    }
  }
}
