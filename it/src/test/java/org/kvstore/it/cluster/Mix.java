package org.kvstore.it.cluster;

import java.util.Random;
import org.kvstore.it.history.Call;
import org.kvstore.it.history.Request;
import org.kvstore.it.history.Requests;

/** What a client of a cluster asks for, of all kinds, drawn from a seeded random. */
final class Mix {
  private static final int MAX_LINES = 6;
  private static final int MAX_INCREMENT = 9;
  private static final int MAX_PADDING = 20_000;
  private static final int VALUES_PER_LARGE_ONE = 100;

  private final Keys keys;
  private final Random random;
  private final Requests requests;

  /** Of a client of a name. */
  Mix(Keys keys, String name, Random random) {
    this.keys = keys;
    this.random = random;
    requests = new Requests(name, random, Mix::padding);
  }

  Request next() {
    int kind = random.nextInt(100);
    if (kind < 30) {
      return requests.get(keys.register(random));
    }
    if (kind < 50) {
      return requests.put(keys.register(random));
    }
    if (kind < 65) {
      return requests.swap(keys.register(random));
    }
    if (kind < 71) {
      return requests.delete(keys.register(random));
    }
    if (kind < 84) {
      return onCounter(keys.counter(random));
    }
    if (kind < 94) {
      return requests.transaction(keys.together(3, random));
    }
    return requests.batch(keys.apart(1 + random.nextInt(MAX_LINES), random));
  }

  /** Takes note of what an answer has told. */
  void learn(Call call) {
    requests.learn(call);
  }

  private Request onCounter(String key) {
    return switch (random.nextInt(5)) {
      case 0 -> requests.get(key);
      case 1 -> requests.delete(key);
      default -> requests.increment(key, 1 + random.nextInt(MAX_INCREMENT));
    };
  }

  private static int padding(Random random) {
    return random.nextInt(VALUES_PER_LARGE_ONE) == 0 ? random.nextInt(MAX_PADDING) : 0;
  }
}
