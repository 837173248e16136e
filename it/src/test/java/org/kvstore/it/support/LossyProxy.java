package org.kvstore.it.support;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Arrays;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * A TCP proxy that loses every answer. It forwards a request, waits until the service has answered,
 * keeps the answer, and resets the connection: the request has been done, and whoever sent it has
 * seen no byte that says so.
 */
public final class LossyProxy implements AutoCloseable {
  private static final int MOST_WAITING = 50;
  private static final int BUFFER = 8 << 10;
  private static final long PATIENCE_SECONDS = 60;

  private final ServerSocket listener;
  private final Service service;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final BlockingQueue<Answer> lost = new LinkedBlockingQueue<>();

  /** Starts before a service. */
  public LossyProxy(Service service) {
    this.service = service;
    try {
      listener = new ServerSocket(0, MOST_WAITING, InetAddress.getLoopbackAddress());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    threads.execute(this::accept);
  }

  /** The service as its clients reach it through the proxy. */
  public Service front() {
    return new Service(listener.getLocalPort());
  }

  /** The oldest lost answer that has not been taken yet, as the service gave it. */
  public Answer takeLost() {
    try {
      Answer answer = lost.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
      assertThat(answer).as("an answer of the service").isNotNull();
      return answer;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() {
    threads.shutdownNow();
    try {
      listener.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void accept() {
    try {
      while (true) {
        Socket client = listener.accept();
        threads.execute(() -> serve(client));
      }
    } catch (IOException closed) {
      // Nobody comes any more.
    }
  }

  private void serve(Socket client) {
    try (client;
        RawConnection connection = new RawConnection(service.port())) {
      client.setSoLinger(true, 0);
      InputStream request = client.getInputStream();
      threads.execute(() -> forward(request, connection));
      lost.add(connection.read("forwarded"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void forward(InputStream request, RawConnection connection) {
    byte[] buffer = new byte[BUFFER];
    try {
      for (int read = request.read(buffer); read > 0; read = request.read(buffer)) {
        connection.send(Arrays.copyOf(buffer, read));
      }
    } catch (IOException cut) {
      // The answer was there before the request had ended.
    }
  }
}
