package org.kvstore.it.crash;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.TreeMap;

/** What was done in all cycles; it shows that the checks had something to check. */
final class Tally {
  /** Fewer cycles, or less in a cycle, may leave out something by chance. */
  private static final int ENOUGH_CYCLES = 10;

  private static final int WRITES_PER_CYCLE = 100;

  private final Map<String, Long> counts = new TreeMap<>();

  void add(String what, long count) {
    counts.merge(what, count, Long::sum);
  }

  /** Counts a request as its client knows it, and what it did to each key. */
  void add(Call call) {
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

  private static String nameOf(Object value) {
    return value.getClass().getSimpleName();
  }

  /** Checks that everything has happened that is to be survived. */
  void requireAll(int cycles) {
    if (cycles < ENOUGH_CYCLES) {
      return;
    }
    assertThat(counts)
        .containsKeys("Get Found", "Get Missing", "Put Written", "Put Unknown")
        .containsKeys("CompareAndSet Written", "CompareAndSet Mismatch", "CompareAndSet Unknown")
        .containsKeys("Delete Deleted", "Delete Missing", "Delete Unknown", "Revoke Deleted")
        .containsKeys("Single unanswered", "Transaction 200", "Transaction unanswered")
        .containsKeys("Batch 200", "GRANT 201", "RENEW 200", "REVOKE 204")
        .containsKeys("unanswered repeated", "acknowledged repeated", "leases held");
    assertThat(counts.get("acknowledged writes")).isGreaterThan((long) WRITES_PER_CYCLE * cycles);
    assertThat(counts.get("events")).isGreaterThan((long) WRITES_PER_CYCLE * cycles);
    assertThat(counts.getOrDefault("Batch unanswered", 0L) + counts.getOrDefault("Batch cut", 0L))
        .as("batches in the middle of which the server was killed")
        .isPositive();
  }

  @Override
  public String toString() {
    return counts.toString();
  }
}
