package org.kvstore.it.cluster;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.Random;

/**
 * Ports that nothing listens on, below those that the system gives to connections: one that is free
 * between two processes of a node is not taken by the way.
 */
final class Ports {
  private static final int LEAST = 10_000;
  private static final int RANGE = 20_000;
  private static final Random RANDOM = new Random();

  private Ports() {}

  /** One that may be free. */
  static int draw() {
    return LEAST + RANDOM.nextInt(RANGE);
  }

  /** Different ones that were free a moment ago. */
  static int[] free(InetAddress at, int count) {
    int[] ports = new int[count];
    ServerSocket[] held = new ServerSocket[count];
    try {
      for (int i = 0; i < count; i++) {
        held[i] = listen(at);
        ports[i] = held[i].getLocalPort();
      }
      for (ServerSocket socket : held) {
        socket.close();
      }
      return ports;
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private static ServerSocket listen(InetAddress at) {
    while (true) {
      try {
        return new ServerSocket(draw(), 1, at);
      } catch (IOException isTaken) {
        // The next one may be free.
      }
    }
  }
}
