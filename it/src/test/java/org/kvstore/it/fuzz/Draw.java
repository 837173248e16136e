package org.kvstore.it.fuzz;

import java.util.List;
import java.util.Random;

/** Chance, which happens again with its seed. */
final class Draw {
  private final Random random;

  Draw(long seed) {
    random = new Random(seed);
  }

  boolean oneIn(int n) {
    return random.nextInt(n) == 0;
  }

  /** From 0, below {@code n}. */
  int below(int n) {
    return random.nextInt(n);
  }

  <T> T of(List<T> choices) {
    return choices.get(random.nextInt(choices.size()));
  }

  byte[] bytes(int count) {
    byte[] bytes = new byte[count];
    random.nextBytes(bytes);
    return bytes;
  }
}
