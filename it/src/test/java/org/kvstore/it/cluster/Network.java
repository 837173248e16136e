package org.kvstore.it.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import org.kvstore.it.support.Ports;

/**
 * The network between the nodes of a cluster, in which each direction between two nodes can be cut
 * by itself.
 *
 * <p>All nodes know node 2 as {@code n2.kvstore.test:port}. For node 2 that name is {@code
 * 127.b.0.2}, where it listens; for node 1 it is {@code 127.b.1.2}, where the link from 1 to 2
 * does, on the same port. The names are in a hosts file of each node, which Java reads in place of
 * asking the system ({@code -Djdk.net.hosts.file}); b is drawn.
 */
final class Network implements AutoCloseable {
  private static final int TRIES = 100;
  private static final int BLOCKS = 200;

  private final int nodes;
  private final int block;
  private final int[] ports;
  private final Gate[][] gates;
  private final List<Link> links = new ArrayList<>();
  private final ExecutorService threads = Executors.newCachedThreadPool();

  /** Between so many nodes, whose numbers begin at 1. */
  Network(int nodes) {
    this.nodes = nodes;
    block = 1 + new Random().nextInt(BLOCKS);
    ports = new int[nodes + 1];
    gates = new Gate[nodes + 1][nodes + 1];
    for (int from = 1; from <= nodes; from++) {
      for (int to = 1; to <= nodes; to++) {
        gates[from][to] = new Gate();
      }
    }
    for (int to = 1; to <= nodes; to++) {
      link(to);
    }
    links.forEach(Link::start);
  }

  /** The nodes' numbers. */
  List<Integer> nodes() {
    return IntStream.rangeClosed(1, nodes).boxed().toList();
  }

  /** Where a node listens. */
  InetSocketAddress address(int node) {
    return new InetSocketAddress(address(0, node), ports[node]);
  }

  /** How all nodes name one. */
  String name(int node) {
    return "n%d.kvstore.test:%d".formatted(node, ports[node]);
  }

  /** The hosts file of a node. */
  String hosts(int node) {
    StringBuilder lines = new StringBuilder("127.0.0.1 localhost ").append(hostName()).append("\n");
    for (int to : nodes()) {
      String address = address(to == node ? 0 : node, to).getHostAddress();
      lines.append("%s n%d.kvstore.test%n".formatted(address, to));
    }
    return lines.toString();
  }

  /** Lets nothing pass from one node to another; what is on its way back does. */
  void cut(int from, int to) {
    gates[from][to].set(false);
  }

  /** Lets nothing pass between some nodes and the others. */
  void isolate(Collection<Integer> some) {
    for (int one : some) {
      for (int other : nodes()) {
        if (!some.contains(other)) {
          cut(one, other);
          cut(other, one);
        }
      }
    }
  }

  /** Resets all connections; new ones can be made where nothing is cut. */
  void reset() {
    links.forEach(Link::reset);
  }

  /** Lets everything pass. */
  void heal() {
    for (int from : nodes()) {
      for (int to : nodes()) {
        gates[from][to].set(true);
      }
    }
  }

  @Override
  public void close() {
    links.forEach(Link::close);
    threads.shutdownNow();
  }

  /** Opens the links to a node, on a port that is free at all its addresses. */
  private void link(int to) {
    for (int tries = 0; tries < TRIES; tries++) {
      ports[to] = Ports.draw();
      List<Link> opened = new ArrayList<>();
      try (ServerSocket probe = new ServerSocket(ports[to], 1, address(0, to))) {
        for (int from : nodes()) {
          if (from != to) {
            opened.add(link(from, to));
          }
        }
        links.addAll(opened);
        return;
      } catch (IOException isTaken) {
        opened.forEach(Link::close);
      }
    }
    throw new IllegalStateException("no free port for node " + to);
  }

  private Link link(int from, int to) throws IOException {
    return new Link(address(from, to), address(to), gates[from][to], gates[to][from], threads);
  }

  private InetAddress address(int from, int to) {
    try {
      return InetAddress.getByAddress(new byte[] {127, (byte) block, (byte) from, (byte) to});
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String hostName() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (IOException unknown) {
      return "";
    }
  }
}
