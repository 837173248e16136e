package org.kvstore.it.cluster;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.kvstore.it.history.Action;
import org.kvstore.it.history.Action.CompareAndSet;
import org.kvstore.it.history.Action.Delete;
import org.kvstore.it.history.Action.Get;
import org.kvstore.it.history.Action.Increment;
import org.kvstore.it.history.Action.Put;
import org.kvstore.it.history.Batch;
import org.kvstore.it.history.Call;
import org.kvstore.it.history.Call.Effect;
import org.kvstore.it.history.Request;
import org.kvstore.it.history.Result;
import org.kvstore.it.history.Result.Found;
import org.kvstore.it.history.Result.Mismatch;
import org.kvstore.it.history.Result.Written;
import org.kvstore.it.history.Single;
import org.kvstore.it.history.Transaction;

/**
 * What a client asks for, of all kinds, drawn from a seeded random and from what it has seen. No
 * two writes of all clients have the same value.
 */
final class Requests {
  private static final int MAX_LINES = 6;
  private static final int MAX_INCREMENT = 9;
  private static final int MAX_PADDING = 20_000;
  private static final int VALUES_PER_LARGE_ONE = 100;

  private final Keys keys;
  private final String name;
  private final Random random;
  private final Map<String, Long> seen = new HashMap<>();
  private int requests;
  private int values;

  /** Of a client of a name. */
  Requests(Keys keys, String name, Random random) {
    this.keys = keys;
    this.name = name;
    this.random = random;
  }

  Request next() {
    String id = name + "-" + requests++;
    int kind = random.nextInt(100);
    if (kind < 30) {
      return new Single(id, keys.register(random), new Get());
    }
    if (kind < 50) {
      return new Single(id, keys.register(random), new Put(value(), 0));
    }
    if (kind < 65) {
      String key = keys.register(random);
      return new Single(id, key, swap(key));
    }
    if (kind < 71) {
      return new Single(id, keys.register(random), new Delete());
    }
    if (kind < 84) {
      return onCounter(id);
    }
    if (kind < 94) {
      List<String> some = keys.together(3, random);
      return new Transaction(id, some, swap(some.get(0)), new Put(value(), 0));
    }
    return batch(id);
  }

  /** Takes note of what an answer has told. */
  void learn(Call call) {
    for (Effect effect : call.effects()) {
      Result result = effect.result();
      if (result instanceof Written written) {
        seen.put(effect.key(), written.revision());
      } else if (result instanceof Found found) {
        seen.put(effect.key(), found.revision());
      } else if (result instanceof Mismatch mismatch) {
        seen.put(effect.key(), mismatch.current());
      } else {
        seen.remove(effect.key());
      }
    }
  }

  private Request onCounter(String id) {
    String key = keys.counter(random);
    return switch (random.nextInt(5)) {
      case 0 -> new Single(id, key, new Get());
      case 1 -> new Single(id, key, new Delete());
      default -> new Single(id, key, new Increment(1 + random.nextInt(MAX_INCREMENT)));
    };
  }

  private Request batch(String id) {
    List<String> some = keys.apart(1 + random.nextInt(MAX_LINES), random);
    List<Action> actions = new ArrayList<>();
    for (String key : some) {
      actions.add(
          switch (random.nextInt(4)) {
            case 0 -> new Delete();
            case 1 -> swap(key);
            default -> new Put(value(), 0);
          });
    }
    return new Batch(id, some, actions);
  }

  private CompareAndSet swap(String key) {
    return new CompareAndSet(seen.getOrDefault(key, 0L), value());
  }

  private String value() {
    boolean isLarge = random.nextInt(VALUES_PER_LARGE_ONE) == 0;
    return name + "-" + values++ + "." + "x".repeat(isLarge ? random.nextInt(MAX_PADDING) : 0);
  }
}
