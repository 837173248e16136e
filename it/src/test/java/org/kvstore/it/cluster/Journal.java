package org.kvstore.it.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.kvstore.it.history.Action;
import org.kvstore.it.history.Call;
import org.kvstore.it.history.Call.Effect;
import org.kvstore.it.history.Operation;
import org.kvstore.it.history.Result;
import org.kvstore.it.history.Tally;

/** What all clients together have done and how long it took, and what must not have happened. */
final class Journal {
  private static final int MOST_SURPRISES = 20;

  private final Tally tally = new Tally();
  private final List<String> surprises = new ArrayList<>();
  private final List<Long> millis = new ArrayList<>();
  private long operations;
  private long lastWrite = System.nanoTime();
  private long longestGap;

  synchronized void add(Call call) {
    tally.add(call);
    if (call.returned() == Operation.OPEN || isRefused(call)) {
      return;
    }
    millis.add((call.returned() - call.invoked()) / 1_000_000);
    for (Effect effect : call.effects()) {
      operations++;
      if (!(effect.action() instanceof Action.Get)) {
        longestGap = Math.max(longestGap, call.returned() - lastWrite);
        lastWrite = Math.max(lastWrite, call.returned());
      }
    }
  }

  private static boolean isRefused(Call call) {
    return call.effects().stream().allMatch(effect -> effect.result() instanceof Result.Refused);
  }

  synchronized void count(String what, long count) {
    tally.add(what, count);
  }

  /** The sum of what was counted under names that begin so. */
  synchronized long counted(String prefix) {
    return tally.counts().entrySet().stream()
        .filter(counted -> counted.getKey().startsWith(prefix))
        .mapToLong(Map.Entry::getValue)
        .sum();
  }

  synchronized void surprise(String what) {
    if (surprises.size() < MOST_SURPRISES) {
      surprises.add(what.length() > 2_000 ? what.substring(0, 2_000) : what);
    }
    tally.add("surprises", 1);
  }

  /** How many operations have an outcome. */
  synchronized long operations() {
    return operations;
  }

  synchronized void requireNoSurprise() {
    assertThat(surprises).as("what the contract does not have").isEmpty();
  }

  /** Figures of the answers and of the longest time in which no write was acknowledged. */
  synchronized String times() {
    List<Long> sorted = millis.stream().sorted().toList();
    return "answers=%d p50=%dms p99=%dms max=%dms longest-without-write=%dms"
        .formatted(
            sorted.size(),
            at(sorted, 0.5),
            at(sorted, 0.99),
            at(sorted, 1),
            longestGap / 1_000_000);
  }

  private static long at(List<Long> sorted, double share) {
    return sorted.isEmpty() ? 0 : sorted.get((int) Math.ceil(share * sorted.size()) - 1);
  }

  @Override
  public synchronized String toString() {
    return tally.toString();
  }
}
