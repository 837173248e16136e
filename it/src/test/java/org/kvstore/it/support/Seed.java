package org.kvstore.it.support;

import java.util.Random;

/** What makes a random story happen again: {@code -Dseed=...}. */
public final class Seed {
  private Seed() {}

  /** A random of the given seed or else of a new one, which is printed. */
  public static Random random(String story) {
    return new Random(next(story));
  }

  /** The given seed or else a new one, which is printed. */
  public static long next(String story) {
    String given = System.getProperty("seed", "");
    long seed = given.isEmpty() ? new Random().nextLong() : Long.parseLong(given);
    System.out.printf("%s: seed=%d%n", story, seed);
    return seed;
  }
}
