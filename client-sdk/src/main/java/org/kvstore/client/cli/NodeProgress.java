package org.kvstore.client.cli;

import java.io.PrintStream;
import java.util.stream.Stream;
import org.kvstore.api.ClusterDocument;

/**
 * Prints of how many shards the replicas of a node have come, or gone, or of how many it does not
 * lead. Who answers may not have heard of the change yet, so what is printed only counts up.
 */
final class NodeProgress {
  private final String node;
  private final Goal goal;
  private final PrintStream out;
  private int done = -1;
  private int all;

  /** What is to become of the node. */
  enum Goal {
    /** A member, with its replicas. */
    COME,
    /** No member, of which no shard needs anything. */
    GO,
    /** It leads nothing. */
    REST
  }

  /**
   * Prints nothing yet.
   *
   * @param node its id
   * @param goal what is to become of it
   */
  NodeProgress(String node, Goal goal, PrintStream out) {
    this.node = node;
    this.goal = goal;
    this.out = out;
  }

  /** Prints a line if more is done than before. Returns whether all is. */
  boolean show(ClusterDocument seen) {
    int left = (int) (goal == Goal.REST ? led(seen) : moves(seen));
    boolean isOver = left == 0 && (goal == Goal.REST || isMember(seen) == (goal == Goal.COME));
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

  private long moves(ClusterDocument seen) {
    return seen.moves().stream().filter(this::isOfNode).count();
  }

  private long led(ClusterDocument seen) {
    return Stream.concat(seen.shards().stream(), Stream.of(seen.system()))
        .filter(shard -> node.equals(shard.leader()))
        .count();
  }

  /**
   * Whether it may be that the node is unknown as its change is done: a cluster has or had it, as a
   * member or in what is still to be done.
   */
  boolean isKnownTo(ClusterDocument seen) {
    return goal != Goal.REST && (isMember(seen) || moves(seen) > 0);
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
