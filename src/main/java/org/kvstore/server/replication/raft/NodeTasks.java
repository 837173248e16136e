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
    while (!isClosed) {
      try {
        peers.ask();
        peers.notice(node.divisions());
        node.beginIfItMay();
        if (peers.isDrained()) {
          node.resign();
        }
        Thread.sleep(PAUSE_MILLIS);
      } catch (InterruptedException closing) {
        return;
      } catch (RuntimeException e) {
        LOG.log(Level.WARNING, "What a node does by itself has failed; it is tried again.", e);
      }
    }
  }

  @Override
  public void close() {
    isClosed = true;
    thread.interrupt();
  }
}
