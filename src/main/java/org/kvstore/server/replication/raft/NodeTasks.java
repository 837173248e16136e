package org.kvstore.server.replication.raft;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;

/**
 * What a node does by itself, on one thread: it begins once it may, asks the others how they are,
 * and gives up leading while it is drained.
 */
final class NodeTasks implements AutoCloseable {
  private static final Logger LOG = System.getLogger(NodeTasks.class.getName());
  private static final long PAUSE_MILLIS = 300;

  /** A node that is about to begin with its replicas is waited for. */
  private static final long CLOSE_MILLIS = 5_000;

  private final RaftNode node;
  private final Peers peers;
  private final Thread thread;
  private volatile boolean isClosed;

  NodeTasks(RaftNode node, Peers peers) {
    this.node = node;
    this.peers = peers;
    thread = new Thread(this::run, "kv-cluster-node");
    thread.setDaemon(true);
  }

  void start() {
    thread.start();
  }

  private void run() {
    try {
      while (!isClosed) {
        attempt();
        Thread.sleep(PAUSE_MILLIS);
      }
    } catch (InterruptedException closing) {
      Thread.currentThread().interrupt();
    }
  }

  private void attempt() {
    try {
      peers.ask();
      peers.notice(node.divisions());
      if (!isClosed) {
        node.beginIfItMay();
      }
      if (peers.isDrained()) {
        node.resign();
      }
    } catch (RuntimeException e) {
      LOG.log(Level.WARNING, "What a node does by itself has failed; it is tried again.", e);
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
