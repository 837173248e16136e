package org.kvstore.it.support;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Ports that nothing listens on, below those that the system gives to connections: one that is free
 * between two processes is not taken by the way. None is drawn twice.
 */
public final class Ports {
  private static final int LEAST = 10_000;
  private static final int RANGE = 20_000;
  private static final Random RANDOM = new Random();
  private static final Set<Integer> DRAWN = ConcurrentHashMap.newKeySet();

  private Ports() {}

  /** One that may be free. */
  public static int draw() {
    while (true) {
      int port = LEAST + RANDOM.nextInt(RANGE);
      if (DRAWN.add(port)) {
        return port;
      }
    }
  }

  /** Different ones that were free a moment ago. */
  public static int[] free(InetAddress at, int count) {
    int[] ports = new int[count];
    for (int i = 0; i < count; i++) {
      do {
        ports[i] = draw();
      } while (!areFree(at, ports[i], 1));
    }
    return ports;
  }

  /** Has so many, from the first one on, drawn by nobody else; whether they are free now. */
  public static boolean take(InetAddress at, int first, int count) {
    for (int port = first; port < first + count; port++) {
      DRAWN.add(port);
    }
    return areFree(at, first, count);
  }

  /** Whether so many, from the first one on, are free at the moment. */
  public static boolean areFree(InetAddress at, int first, int count) {
    for (int port = first; port < first + count; port++) {
      try (ServerSocket socket = new ServerSocket()) {
        socket.bind(new InetSocketAddress(at, port), 1);
      } catch (IOException isTaken) {
        return false;
      }
    }
    return true;
  }
}
