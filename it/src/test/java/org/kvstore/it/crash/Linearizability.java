package org.kvstore.it.crash;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * Searches an order for the operations of one key in which each takes effect at once, between its
 * invocation and its return, and each result is right (Herlihy and Wing, "Linearizability: A
 * Correctness Condition for Concurrent Objects", 1990).
 *
 * <p>The search is that of Wing and Gong, "Testing and Verifying Concurrent Objects", 1993, with
 * the memory and the just-in-time order of Lowe, "Testing for Linearizability", 2017: it goes
 * through invocations and returns in their order and keeps every configuration that is possible so
 * far, which is the register and those of the running operations that have had their effect. An
 * operation is given its effect only when another's return asks for it. No configuration left means
 * no such order.
 *
 * <p>Keys are independent, so that a history is checked key by key (Herlihy and Wing, theorem 1).
 */
final class Linearizability {
  private final List<Operation> operations;
  private final Set<Integer> running = new TreeSet<>();
  private Set<Configuration> configurations;

  private Linearizability(Register initial, List<Operation> operations) {
    this.operations = operations;
    configurations = Set.of(new Configuration(initial, Set.of()));
  }

  /**
   * A possible past: what the key is, and which of the running operations have had their effect.
   */
  private record Configuration(Register register, Set<Integer> done) {
    Configuration with(int operation, Register after) {
      Set<Integer> more = new HashSet<>(done);
      more.add(operation);
      return new Configuration(after, more);
    }

    Configuration without(int operation) {
      Set<Integer> fewer = new HashSet<>(done);
      fewer.remove(operation);
      return new Configuration(register, fewer);
    }
  }

  /** A point of the history. */
  private record Moment(long time, boolean isReturn, int operation) {}

  /**
   * Checks the history of one key.
   *
   * @param initial what it was before
   * @return what is wrong, or empty
   */
  static Optional<String> violation(Register initial, List<Operation> history) {
    return new Linearizability(initial, history).violation();
  }

  private Optional<String> violation() {
    List<Moment> moments = new ArrayList<>();
    for (int i = 0; i < operations.size(); i++) {
      moments.add(new Moment(operations.get(i).invoked(), false, i));
      moments.add(new Moment(operations.get(i).returned(), true, i));
    }
    moments.sort(Comparator.comparingLong(Moment::time).thenComparing(Moment::isReturn));
    for (Moment moment : moments) {
      if (!moment.isReturn()) {
        running.add(moment.operation());
        continue;
      }
      Set<Configuration> before = configurations;
      configurations = returned(moment.operation());
      if (configurations.isEmpty()) {
        return Optional.of(describe(moment.operation(), before));
      }
      running.remove(moment.operation());
    }
    return Optional.empty();
  }

  /** What is possible once an operation can have no effect any more. */
  private Set<Configuration> returned(int operation) {
    boolean mayBeUndone = operations.get(operation).isUnknown();
    Set<Configuration> possible = new HashSet<>();
    Set<Configuration> seen = new HashSet<>(configurations);
    Deque<Configuration> open = new ArrayDeque<>(configurations);
    while (!open.isEmpty()) {
      Configuration configuration = open.remove();
      boolean isDone = configuration.done().contains(operation);
      if (isDone || mayBeUndone) {
        possible.add(configuration.without(operation));
      }
      if (!isDone) {
        successors(configuration).stream().filter(seen::add).forEach(open::add);
      }
    }
    return possible;
  }

  private Collection<Configuration> successors(Configuration configuration) {
    List<Configuration> successors = new ArrayList<>();
    for (int next : running) {
      if (!configuration.done().contains(next)) {
        Operation operation = operations.get(next);
        configuration
            .register()
            .after(operation.action(), operation.result())
            .ifPresent(after -> successors.add(configuration.with(next, after)));
      }
    }
    return successors;
  }

  private String describe(int operation, Set<Configuration> before) {
    return "No order of what ran explains %s%n  possible before: %s%n  beside it ran: %s"
        .formatted(
            operations.get(operation),
            before.stream().map(Configuration::register).distinct().toList(),
            running.stream().filter(i -> i != operation).map(operations::get).toList());
  }
}
