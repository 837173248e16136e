package org.kvstore.server.store;

import java.util.ArrayDeque;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/**
 * Lets one watch at a time deliver, of several that deliver to the same sink: between asking the
 * sink whether it is ready and sending to it, no other sends. Who comes meanwhile occupies no
 * thread, and is run when the turn is passed on to it.
 */
public final class Turn {
  /** Guarded by the monitor, as are those that wait. */
  private boolean taken;

  private final Queue<Runnable> waiting = new ArrayDeque<>();

  /** Whether it is the caller's turn now; otherwise {@code later} is run once it is. */
  synchronized boolean take(Runnable later) {
    if (taken) {
      waiting.add(later);
      return false;
    }
    taken = true;
    return true;
  }

  /** Passes it on to whoever has waited for longest. */
  void pass() {
    Runnable next = next();
    if (next != null) {
      next.run();
    }
  }

  private synchronized @Nullable Runnable next() {
    Runnable next = waiting.poll();
    taken = next != null;
    return next;
  }
}
