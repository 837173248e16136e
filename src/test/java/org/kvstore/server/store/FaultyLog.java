package org.kvstore.server.store;

import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.Event;
import org.kvstore.server.model.KeyValueException;

/** A log of changes that fails, as while its store recovers, for as long as a test wants. */
final class FaultyLog implements ChangeLog {
  private final ChangeLog log;
  private final AtomicInteger refusals = new AtomicInteger();
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
  public @Nullable Entry before(Event event) {
    requireReadable();
    return log.before(event);
  }

  private void requireReadable() {
    if (failing) {
      refusals.incrementAndGet();
      throw KeyValueException.of(ErrorCode.UNAVAILABLE, "The store is not open.");
    }
  }
}
