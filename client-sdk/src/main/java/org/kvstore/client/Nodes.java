package org.kvstore.client;

import java.net.URI;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;

/**
 * The nodes of a cluster, in the order in which this client prefers them. It stays with the first
 * one that does not rest after a failure.
 *
 * <p>To stay has these reasons: connections stay open and are few; a replica that is read locally
 * never goes back in time from one read to the next; and a node that dies costs a client one
 * failure, or none, instead of a share of all its requests. The order is random, so that many
 * clients spread over the nodes; it stays as it is, so that they spread again when a node is back.
 *
 * <p>Safe for use by many threads: the monitor guards the list and the states of the nodes.
 */
final class Nodes implements AutoCloseable {
  /** How long a node rests after its first failure, at most; half of it at least. */
  static final Duration LEAST_REST = Duration.ofSeconds(1);

  /** The longest that a node rests. */
  static final Duration MOST_REST = Duration.ofSeconds(30);

  /** Most nodes that are not in the list any more and still finish what they were asked. */
  private static final int MAX_RETIRED = 16;

  private final List<URI> seeds;
  private final Function<URI, KeyValueApi> connector;
  private final Random random;
  private final LongSupplier clock;
  private final Backoff rests;
  private final ArrayDeque<Node> retired = new ArrayDeque<>();
  private List<Node> order = List.of();

  /**
   * The nodes that a client is told to begin with.
   *
   * @param seeds where they are
   * @param connector makes a client of one node
   * @param random shuffles them
   * @param clock nanoseconds
   */
  Nodes(List<URI> seeds, Function<URI, KeyValueApi> connector, Random random, LongSupplier clock) {
    this.seeds = List.copyOf(seeds);
    this.connector = connector;
    this.random = random;
    this.clock = clock;
    rests = new Backoff(LEAST_REST, MOST_REST, random);
    replace(List.of());
  }

  /** The nodes that the client was told to begin with. */
  List<URI> seeds() {
    return seeds;
  }

  /**
   * The node to ask now: the first that does not rest; if all do, the one that rests the shortest.
   *
   * @param tried nodes to leave out, unless these are all
   */
  synchronized Node pick(Collection<Node> tried) {
    long now = clock.getAsLong();
    List<Node> asked = inOrder();
    Node node =
        asked.stream().filter(each -> !tried.contains(each)).findFirst().orElse(asked.get(0));
    node.pick(now, rests);
    return node;
  }

  /** Whether there is a node that is not among those that were tried, and does not rest. */
  synchronized boolean hasOther(Collection<Node> tried) {
    long now = clock.getAsLong();
    return order.stream().anyMatch(node -> node.rest(now) == 0 && !tried.contains(node));
  }

  /** The nodes in the order in which they are asked now. */
  synchronized List<Node> inOrder() {
    long now = clock.getAsLong();
    // Sorting is stable: those that do not rest stay in the order of preference.
    return order.stream().sorted(Comparator.comparingLong(node -> node.rest(now))).toList();
  }

  /** Where the nodes are, in the order in which they are asked now. */
  List<URI> servers() {
    return inOrder().stream().map(Node::uri).toList();
  }

  /**
   * Lets a node rest that could not be reached or has not answered.
   *
   * @param took how long that took to find out
   */
  synchronized void failed(Node node, Duration took) {
    node.fail(clock.getAsLong(), rests, took);
  }

  /** Lets a node rest that has asked for it. */
  synchronized void refused(Node node, Duration rest) {
    Duration bounded = rest.compareTo(MOST_REST) > 0 ? MOST_REST : rest;
    node.rest(clock.getAsLong(), bounded);
  }

  synchronized void succeeded(Node node) {
    node.succeed();
  }

  /**
   * Takes over the list that a node has given. The first nodes stay at its end: they are asked when
   * nobody else answers. A node that stays keeps its place and its state.
   */
  synchronized void replace(Collection<URI> told) {
    Map<URI, Node> known = order.stream().collect(Collectors.toMap(Node::uri, node -> node));
    Set<URI> wanted = new LinkedHashSet<>(told);
    List<Node> now = new ArrayList<>(order);
    now.removeIf(node -> !wanted.contains(node.uri()));
    for (URI uri : wanted) {
      if (!known.containsKey(uri)) {
        now.add(random.nextInt(now.size() + 1), node(uri));
      }
    }
    List<URI> last = new ArrayList<>(seeds);
    last.removeAll(wanted);
    Collections.shuffle(last, random);
    last.forEach(uri -> now.add(known.containsKey(uri) ? known.get(uri) : node(uri)));
    order.stream().filter(node -> !now.contains(node)).forEach(this::retire);
    order = List.copyOf(now);
  }

  private Node node(URI uri) {
    return new Node(uri, () -> connector.apply(uri));
  }

  private void retire(Node node) {
    retired.add(node);
    if (retired.size() > MAX_RETIRED) {
      retired.remove().close();
    }
  }

  @Override
  public synchronized void close() {
    order.forEach(Node::close);
    retired.forEach(Node::close);
  }
}
