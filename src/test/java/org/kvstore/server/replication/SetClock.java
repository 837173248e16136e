package org.kvstore.server.replication;

import java.time.Clock;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import org.kvstore.server.store.Writes;

/** A clock that goes on when a test says so, from {@link Writes#NOW}. */
final class SetClock extends Clock {
  long now = Writes.NOW;

  @Override
  public ZoneId getZone() {
    return ZoneOffset.UTC;
  }

  @Override
  public Clock withZone(ZoneId zone) {
    return this;
  }

  @Override
  public Instant instant() {
    return Instant.ofEpochMilli(now);
  }
}
