package org.kvstore.server.model;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.Random;

/**
 * Ports of nodes of tests, below those that the system gives to connections: the port of a node
 * that is stopped for a while is not taken by the way.
 */
public final class TestPorts {
  private static final int LEAST = 10_000;
  private static final int RANGE = 20_000;
  private static final Random RANDOM = new Random();

  private TestPorts() {}

  /** One that was free a moment ago. */
  public static int free() {
    while (true) {
      int port = LEAST + RANDOM.nextInt(RANGE);
      try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
        return socket.getLocalPort();
      } catch (IOException isTaken) {
        // The next one may be free.
      }
    }
  }
}
