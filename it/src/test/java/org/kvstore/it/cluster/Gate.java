package org.kvstore.it.cluster;

import java.io.InterruptedIOException;

/** One direction between two nodes, of all their connections: open, or nothing passes. */
final class Gate {
  private boolean open = true;

  synchronized void set(boolean open) {
    this.open = open;
    notifyAll();
  }

  /** Waits until it is open. */
  synchronized void pass() throws InterruptedIOException {
    while (!open) {
      try {
        wait();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new InterruptedIOException();
      }
    }
  }
}
