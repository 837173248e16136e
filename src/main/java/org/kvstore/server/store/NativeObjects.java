package org.kvstore.server.store;

import java.util.ArrayDeque;
import java.util.Deque;

/** Native objects that belong together: closed in the opposite order of their making. */
final class NativeObjects implements AutoCloseable {
  private final Deque<AutoCloseable> owned = new ArrayDeque<>();

  /** Takes one over, which is closed with the others. */
  <T extends AutoCloseable> T own(T object) {
    owned.push(object);
    return object;
  }

  @Override
  public void close() {
    while (!owned.isEmpty()) {
      try {
        owned.pop().close();
      } catch (Exception e) {
        throw new IllegalStateException("A native object of the database did not close.", e);
      }
    }
  }
}
