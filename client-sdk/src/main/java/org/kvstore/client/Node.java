package org.kvstore.client;

import java.net.URI;
import java.time.Duration;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One node of a cluster, and what became of the requests to it. All but the first three methods are
 * called under the monitor of its {@link Nodes}, with their clock.
 *
 * <p>A node that failed rests. When its rest is over, one request finds out whether it is back;
 * until that is known, the others take it as resting.
 */
final class Node {
  private final URI uri;
  private final Supplier<KeyValueApi> connector;

  // Guarded by this object's monitor.
  private @Nullable KeyValueApi open;
  private boolean closed;

  private int failures;
  private boolean asked;
  private boolean resting;
  private long restsUntil;

  Node(URI uri, Supplier<KeyValueApi> connector) {
    this.uri = uri;
    this.connector = connector;
  }

  URI uri() {
    return uri;
  }

  /**
   * Where to send requests; made when it is first asked for.
   *
   * @throws IllegalStateException when it is closed
   */
  synchronized KeyValueApi api() {
    if (closed) {
      throw new IllegalStateException("The client is closed.");
    }
    KeyValueApi api = open == null ? connector.get() : open;
    open = api;
    return api;
  }

  synchronized void close() {
    closed = true;
    if (open != null) {
      open.close();
    }
  }

  /** How long it still rests, in nanoseconds; 0 when it does not. */
  long rest(long now) {
    return resting ? Math.max(0, restsUntil - now) : 0;
  }

  /** Takes note that a request goes to it. */
  void pick(long now, Backoff rests) {
    asked = true;
    if (failures > 0 && rest(now) == 0) {
      rest(now, rests.after(failures));
    }
  }

  /**
   * Lets it rest because it could not be reached or has not answered, each time for longer. It
   * rests as long at least as it took to find out. Requests that fail together count as one.
   */
  void fail(long now, Backoff rests, Duration took) {
    if (rest(now) > 0 && !asked) {
      return;
    }
    asked = false;
    failures++;
    Duration growing = rests.after(failures);
    rest(now, took.compareTo(growing) > 0 ? took : growing);
  }

  /** Lets it rest for a time, because it has said that it cannot do it now. */
  void rest(long now, Duration time) {
    resting = true;
    restsUntil = now + time.toNanos();
  }

  void succeed() {
    failures = 0;
    resting = false;
  }
}
