package org.kvstore.it.history;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.ToIntFunction;
import org.kvstore.it.history.Action.CompareAndSet;
import org.kvstore.it.history.Action.Delete;
import org.kvstore.it.history.Action.Get;
import org.kvstore.it.history.Action.Increment;
import org.kvstore.it.history.Action.Put;
import org.kvstore.it.history.Call.Effect;
import org.kvstore.it.history.Result.Found;
import org.kvstore.it.history.Result.Mismatch;
import org.kvstore.it.history.Result.Written;

/**
 * The requests of one client of a workload, of each kind, each under a name of its own. Their
 * conditions follow what the client has seen; no two writes of all clients have the same value.
 */
public final class Requests {
  private final String name;
  private final Random random;
  private final ToIntFunction<Random> padding;
  private final Map<String, Long> seen = new HashMap<>();
  private int requests;
  private int values;

  /**
   * @param name which no other client has
   * @param padding draws by how many characters a value is longer than what makes it different
   */
  public Requests(String name, Random random, ToIntFunction<Random> padding) {
    this.name = name;
    this.random = random;
    this.padding = padding;
  }

  public Request get(String key) {
    return new Single(id(), key, new Get());
  }

  public Request put(String key) {
    return put(key, 0);
  }

  /** On a lease, or on none if that is 0. */
  public Request put(String key, long lease) {
    return new Single(id(), key, new Put(value(), lease));
  }

  /** Replaces the version that was seen last. */
  public Request swap(String key) {
    return new Single(id(), key, compareAndSet(key));
  }

  public Request delete(String key) {
    return new Single(id(), key, new Delete());
  }

  public Request increment(String key, int by) {
    return new Single(id(), key, new Increment(by));
  }

  /** Puts all keys, if the first one is as it was seen last. */
  public Request transaction(List<String> keys) {
    return new Transaction(id(), keys, compareAndSet(keys.get(0)), new Put(value(), 0));
  }

  /** Does something to each key. */
  public Request batch(List<String> keys) {
    List<Action> actions = new ArrayList<>();
    for (String key : keys) {
      actions.add(
          switch (random.nextInt(4)) {
            case 0 -> new Delete();
            case 1 -> compareAndSet(key);
            default -> new Put(value(), 0);
          });
    }
    return new Batch(id(), keys, actions);
  }

  /** About a lease, as in {@link LeaseRequest}. */
  public Request lease(LeaseRequest.Kind kind, long lease, Set<String> keys) {
    return new LeaseRequest(id(), kind, lease, keys);
  }

  /** Takes note of what an answer has told. */
  public void learn(Call call) {
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

  private CompareAndSet compareAndSet(String key) {
    return new CompareAndSet(seen.getOrDefault(key, 0L), value());
  }

  private String id() {
    return name + "-" + requests++;
  }

  private String value() {
    return name + "-" + values++ + "." + "x".repeat(padding.applyAsInt(random));
  }
}
