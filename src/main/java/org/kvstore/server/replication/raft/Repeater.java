package org.kvstore.server.replication.raft;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;

/** Does something again and again, with a pause between, on a thread of its own. */
final class Repeater implements AutoCloseable {
  private static final Logger LOG = System.getLogger(Repeater.class.getName());

  /** What is under way at the end is waited for. */
  private static final long CLOSE_MILLIS = 5_000;

  private final Runnable task;
  private final long pauseMillis;
  private final Thread thread;
  private volatile boolean isClosed;

  /**
   * Does nothing before {@link #start}.
   *
   * @param name of the thread
   * @param task what it throws is logged, and it is done again
   */
  Repeater(String name, long pauseMillis, Runnable task) {
    this.task = task;
    this.pauseMillis = pauseMillis;
    thread = new Thread(this::run, name);
    thread.setDaemon(true);
  }

  void start() {
    thread.start();
  }

  boolean isClosed() {
    return isClosed;
  }

  private void run() {
    try {
      while (!isClosed) {
        attempt();
        Thread.sleep(pauseMillis);
      }
    } catch (InterruptedException closing) {
      Thread.currentThread().interrupt();
    }
  }

  private void attempt() {
    try {
      task.run();
    } catch (RuntimeException e) {
      LOG.log(Level.WARNING, thread.getName() + " has failed; it is tried again.", e);
    }
  }

  /** Returns once the thread has ended, after some seconds at the most. */
  @Override
  public void close() {
    isClosed = true;
    thread.interrupt();
    try {
      thread.join(CLOSE_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
