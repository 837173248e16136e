package org.kvstore.client.cli;

import java.io.PrintStream;
import org.kvstore.api.ClusterDocument;

/**
 * Prints of how many shards the replicas of a node have come, or gone. Who answers may not have
 * heard of the change yet, so what is printed only counts up.
 */
final class NodeProgress {
  private final String node;
  private final boolean comes;
  private final PrintStream out;
  private int done = -1;
  private int all;

  /**
   * Prints nothing yet.
   *
   * @param node its id
   * @param comes whether it is to be a member, or to be none
   */
  NodeProgress(String node, boolean comes, PrintStream out) {
    this.node = node;
    this.comes = comes;
    this.out = out;
  }

  /** Prints a line if more is done than before. Returns whether all is. */
  boolean show(ClusterDocument seen) {
    int left = (int) seen.moves().stream().filter(this::isOfNode).count();
    boolean isOver = left == 0 && isMember(seen) == comes;
    all = seen.shards().size() + 1;
    int now = isOver || left > 0 ? all - left : 0;
    if (now > done) {
      done = now;
      out.println(this);
      // Progress is to be seen as it is made.
      out.flush();
    }
    return isOver;
  }

  /** Whether a cluster has or had the node: as a member, or in what is still to be done. */
  boolean isKnownTo(ClusterDocument seen) {
    return isMember(seen) || seen.moves().stream().anyMatch(this::isOfNode);
  }

  private boolean isMember(ClusterDocument seen) {
    return seen.nodes().stream().anyMatch(of -> of.id().equals(node));
  }

  private boolean isOfNode(ClusterDocument.Move move) {
    return move.add().contains(node) || move.remove().contains(node);
  }

  @Override
  public String toString() {
    return "%s: %d of %d shards".formatted(node, Math.max(done, 0), all);
  }
}
