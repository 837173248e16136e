package org.kvstore.it.cluster;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;

/**
 * A TCP proxy before one node, for one other: all connections that the one makes to the other go
 * through it. What a connection carries there waits at one gate, what it carries back at another.
 *
 * <p>Like a network that loses packets, a closed gate holds bytes back and loses none: once it is
 * open they arrive, late. Connections can be reset beside, as by a firewall.
 */
final class Link implements AutoCloseable {
  private static final int MOST_WAITING = 50;
  private static final int BUFFER = 64 << 10;
  private static final int CONNECT_MILLIS = 5_000;

  private final ServerSocket listener;
  private final InetSocketAddress target;
  private final Gate there;
  private final Gate back;
  private final ExecutorService threads;
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();

  /** Listens on the port of the target, at another address. */
  Link(InetAddress at, InetSocketAddress target, Gate there, Gate back, ExecutorService threads)
      throws IOException {
    listener = new ServerSocket(target.getPort(), MOST_WAITING, at);
    this.target = target;
    this.there = there;
    this.back = back;
    this.threads = threads;
  }

  void start() {
    threads.execute(this::accept);
  }

  /** Resets all connections. */
  void reset() {
    open.forEach(Link::reset);
  }

  @Override
  public void close() {
    try {
      listener.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    reset();
  }

  private void accept() {
    try {
      while (true) {
        Socket source = listener.accept();
        threads.execute(() -> connect(source));
      }
    } catch (IOException | RejectedExecutionException closed) {
      // Nobody comes any more.
    }
  }

  private void connect(Socket source) {
    Socket onward = new Socket();
    open.add(source);
    open.add(onward);
    try {
      there.pass();
      onward.connect(target, CONNECT_MILLIS);
      source.setTcpNoDelay(true);
      onward.setTcpNoDelay(true);
      threads.execute(() -> pump(onward, source, back));
      pump(source, onward, there);
    } catch (IOException | RejectedExecutionException gone) {
      end(source, onward);
    }
  }

  private void pump(Socket from, Socket to, Gate gate) {
    byte[] buffer = new byte[BUFFER];
    try {
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      for (int read = in.read(buffer); read > 0; read = in.read(buffer)) {
        gate.pass();
        out.write(buffer, 0, read);
      }
      gate.pass();
    } catch (IOException gone) {
      // The other side learns it from its own socket.
    } finally {
      end(from, to);
    }
  }

  private void end(Socket one, Socket other) {
    reset(one);
    reset(other);
    open.remove(one);
    open.remove(other);
  }

  private static void reset(Socket socket) {
    try {
      socket.setSoLinger(true, 0);
    } catch (IOException isClosed) {
      return;
    }
    try {
      socket.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
