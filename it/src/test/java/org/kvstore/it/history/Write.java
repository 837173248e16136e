package org.kvstore.it.history;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.kvstore.it.history.Action.CompareAndSet;
import org.kvstore.it.history.Action.Put;
import org.kvstore.it.history.Call.Effect;
import org.kvstore.it.history.Result.Mismatch;
import org.kvstore.it.history.Result.Refused;
import org.kvstore.it.history.Result.Written;

/**
 * What is written together or not at all.
 *
 * @param puts values by their keys
 * @param deletes keys
 * @param revision that was acknowledged, or 0
 * @param isRefused whether the answer was that nothing was done
 * @param invoked before it was sent
 * @param returned after it was answered, or when it could have no effect any more
 */
public record Write(
    Map<String, String> puts,
    Set<String> deletes,
    long revision,
    boolean isRefused,
    long invoked,
    long returned) {

  /** The writes of a call that put something. */
  public static List<Write> of(Call call) {
    List<Write> writes = new ArrayList<>();
    if (call.request().isAtomic()) {
      writes.add(of(call, call.effects()));
    } else {
      call.effects().forEach(effect -> writes.add(of(call, List.of(effect))));
    }
    writes.removeIf(write -> write.puts().isEmpty());
    return writes;
  }

  private static Write of(Call call, List<Effect> effects) {
    Map<String, String> puts = new HashMap<>();
    Set<String> deletes = new HashSet<>();
    long revision = 0;
    boolean isRefused = false;
    for (Effect effect : effects) {
      if (effect.action() instanceof Put put) {
        puts.put(effect.key(), put.value());
      } else if (effect.action() instanceof CompareAndSet swap) {
        puts.put(effect.key(), swap.value());
      } else if (effect.action() instanceof Action.Delete) {
        deletes.add(effect.key());
      }
      if (effect.result() instanceof Written written) {
        revision = written.revision();
      }
      isRefused |= effect.result() instanceof Refused || effect.result() instanceof Mismatch;
    }
    return new Write(puts, deletes, revision, isRefused, call.invoked(), call.returned());
  }
}
