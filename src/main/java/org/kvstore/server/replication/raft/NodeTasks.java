package org.kvstore.server.replication.raft;

/**
 * What a node does by itself, on one thread: it begins once it may, asks the others how they are,
 * and gives up leading while it is drained.
 */
final class NodeTasks implements AutoCloseable {
  private static final long PAUSE_MILLIS = 300;

  private final RaftNode node;
  private final Peers peers;
  private final Repeater repeater = new Repeater("kv-cluster-node", PAUSE_MILLIS, this::step);

  NodeTasks(RaftNode node, Peers peers) {
    this.node = node;
    this.peers = peers;
  }

  void start() {
    repeater.start();
  }

  private void step() {
    peers.ask();
    peers.notice(node.divisions());
    if (!repeater.isClosed()) {
      node.beginIfItMay();
    }
    if (peers.isDrained()) {
      node.resign();
    }
  }

  /** Returns once it has ended, after some seconds at the most. */
  @Override
  public void close() {
    repeater.close();
  }
}
