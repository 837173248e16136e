package org.kvstore.server.replication.raft;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Passes connections on to a node, whose answers can be lost, and which can be cut. */
final class Relay implements AutoCloseable {
  private final ServerSocket listens;
  private final InetSocketAddress to;
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();

  /** Connections whose answers are lost. */
  private final Set<Socket> lossy = ConcurrentHashMap.newKeySet();

  Relay(InetSocketAddress at, InetSocketAddress to) throws IOException {
    this.to = to;
    listens = new ServerSocket();
    listens.setReuseAddress(true);
    listens.bind(at);
    start(this::accept);
  }

  /** What the node answers from now on over the connections that there are does not arrive. */
  void loseAnswers() {
    lossy.addAll(open);
  }

  /** Cuts all connections. */
  void reset() {
    open.forEach(Relay::close);
  }

  private void accept() {
    while (!listens.isClosed()) {
      try {
        Socket from = listens.accept();
        start(() -> join(from));
      } catch (IOException closed) {
        return;
      }
    }
  }

  private void join(Socket from) {
    Socket node = new Socket();
    open.add(from);
    open.add(node);
    try {
      node.connect(to);
      from.setTcpNoDelay(true);
      node.setTcpNoDelay(true);
      start(() -> pass(from, node, false));
      pass(node, from, true);
    } catch (IOException down) {
      open.remove(from);
      open.remove(node);
      close(from);
      close(node);
    }
  }

  private void pass(Socket from, Socket into, boolean isAnswer) {
    byte[] bytes = new byte[1 << 16];
    try (from;
        into) {
      InputStream in = from.getInputStream();
      for (int count = in.read(bytes); count >= 0; count = in.read(bytes)) {
        if (!isAnswer || !lossy.contains(from)) {
          into.getOutputStream().write(bytes, 0, count);
        }
      }
    } catch (IOException cut) {
      // As it was to be.
    } finally {
      open.remove(from);
      open.remove(into);
    }
  }

  private static void start(Runnable task) {
    Thread thread = new Thread(task, "relay");
    thread.setDaemon(true);
    thread.start();
  }

  private static void close(AutoCloseable closeable) {
    try {
      closeable.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() {
    close(listens);
    open.forEach(Relay::close);
  }
}
