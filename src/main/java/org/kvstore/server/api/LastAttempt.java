package org.kvstore.server.api;

import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.AuditTrail;

/**
 * Hears of the attempts at one write, and tells how the last one ended: that another was refused
 * for want of room is held back until it is known which that is. This object's monitor guards it,
 * as attempts end on other threads.
 */
final class LastAttempt implements AuditTrail {
  private final AuditTrail trail;
  private @Nullable Runnable heldBack;
  private boolean isLast;

  LastAttempt(AuditTrail trail) {
    this.trail = trail;
  }

  @Override
  public synchronized void record(String action, String target, String outcome) {
    if (isLast || !outcome.equals(ErrorCode.UNAVAILABLE.name())) {
      trail.record(action, target, outcome);
    } else {
      heldBack = () -> trail.record(action, target, outcome);
    }
  }

  /** Another attempt follows on what was refused. */
  synchronized void again() {
    heldBack = null;
  }

  /** No attempt follows. */
  synchronized void isLast() {
    isLast = true;
    if (heldBack != null) {
      heldBack.run();
    }
  }
}
