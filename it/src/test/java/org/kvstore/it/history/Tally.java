package org.kvstore.it.history;

import java.util.Map;
import java.util.TreeMap;

/** What was done; it shows that the checks had something to check. */
public final class Tally {
  private final Map<String, Long> counts = new TreeMap<>();

  public void add(String what, long count) {
    counts.merge(what, count, Long::sum);
  }

  /** Counts a request as its client knows it, and what it did to each key. */
  public void add(Call call) {
    String kind = call.request().label();
    if (call.answer() == null) {
      add(kind + " unanswered", 1);
    } else {
      add(kind + (call.returned() == Operation.OPEN ? " cut" : " " + call.answer().status()), 1);
    }
    for (Call.Effect effect : call.effects()) {
      add(nameOf(effect.action()) + " " + nameOf(effect.result()), 1);
      add("operations", 1);
    }
  }

  /** How often, by what. */
  public Map<String, Long> counts() {
    return Map.copyOf(counts);
  }

  private static String nameOf(Object value) {
    return value.getClass().getSimpleName();
  }

  @Override
  public String toString() {
    return counts.toString();
  }
}
