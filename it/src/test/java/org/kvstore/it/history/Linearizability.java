package org.kvstore.it.history;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
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
 * <p>An operation without a known result stays possible as long as it runs, which may be for ever.
 * Of two configurations with the same register the one in which fewer of those have had their
 * effect can do all that the other can, so that only the least are kept: without that their number
 * doubles with each such operation.
 *
 * <p>Keys are independent, so that a history is checked key by key (Herlihy and Wing, theorem 1).
 */
public final class Linearizability {
  private final List<Operation> operations;
  private final Set<Integer> running = new TreeSet<>();
  private Collection<Configuration> configurations;

  private Linearizability(Register initial, List<Operation> operations) {
    this.operations = operations;
    configurations = List.of(new Configuration(initial, Set.of(), Set.of()));
  }

  /**
   * A possible past: what the key is, and which of the running operations have had their effect.
   *
   * @param done of those with a known result
   * @param undecided of those without
   */
  private record Configuration(Register register, Set<Integer> done, Set<Integer> undecided) {
    boolean has(int operation) {
      return done.contains(operation) || undecided.contains(operation);
    }

    Configuration with(int operation, boolean isKnown, Register after) {
      return isKnown
          ? new Configuration(after, plus(done, operation), undecided)
          : new Configuration(after, done, plus(undecided, operation));
    }

    Configuration without(int operation) {
      return new Configuration(register, minus(done, operation), minus(undecided, operation));
    }

    private static Set<Integer> plus(Set<Integer> set, int operation) {
      Set<Integer> more = new HashSet<>(set);
      more.add(operation);
      return more;
    }

    private static Set<Integer> minus(Set<Integer> set, int operation) {
      if (!set.contains(operation)) {
        return set;
      }
      Set<Integer> fewer = new HashSet<>(set);
      fewer.remove(operation);
      return fewer;
    }
  }

  /** Configurations, without those that can do no more than another. */
  private static final class Least {
    private record Known(Register register, Set<Integer> done) {}

    private final Map<Known, List<Set<Integer>>> undecided = new HashMap<>();

    /** Returns whether it can do something that none before it can. */
    boolean add(Configuration next) {
      List<Set<Integer>> least =
          undecided.computeIfAbsent(
              new Known(next.register(), next.done()), known -> new ArrayList<>());
      if (least.stream().anyMatch(next.undecided()::containsAll)) {
        return false;
      }
      least.removeIf(more -> more.containsAll(next.undecided()));
      return least.add(next.undecided());
    }

    Collection<Configuration> all() {
      List<Configuration> all = new ArrayList<>();
      undecided.forEach(
          (known, least) ->
              least.forEach(
                  set -> all.add(new Configuration(known.register(), known.done(), set))));
      return all;
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
  public static Optional<String> violation(Register initial, List<Operation> history) {
    return new Linearizability(initial, history).violation();
  }

  private Optional<String> violation() {
    List<Moment> moments = new ArrayList<>();
    for (int i = 0; i < operations.size(); i++) {
      moments.add(new Moment(operations.get(i).invoked(), false, i));
      if (!isOpen(operations.get(i))) {
        moments.add(new Moment(operations.get(i).returned(), true, i));
      }
    }
    moments.sort(Comparator.comparingLong(Moment::time).thenComparing(Moment::isReturn));
    for (Moment moment : moments) {
      if (!moment.isReturn()) {
        running.add(moment.operation());
        continue;
      }
      Collection<Configuration> before = configurations;
      configurations = returned(moment.operation());
      if (configurations.isEmpty()) {
        return Optional.of(describe(moment.operation(), before));
      }
      running.remove(moment.operation());
    }
    return Optional.empty();
  }

  /** Whether it asks for nothing, ever. */
  private static boolean isOpen(Operation operation) {
    return operation.isUnknown() && operation.returned() == Operation.OPEN;
  }

  /** What is possible once an operation can have no effect any more. */
  private Collection<Configuration> returned(int operation) {
    boolean mayBeUndone = operations.get(operation).isUnknown();
    Least possible = new Least();
    Least seen = new Least();
    configurations.forEach(seen::add);
    Deque<Configuration> open = new ArrayDeque<>(configurations);
    while (!open.isEmpty()) {
      Configuration configuration = open.remove();
      boolean isDone = configuration.has(operation);
      if (isDone || mayBeUndone) {
        possible.add(configuration.without(operation));
      }
      if (!isDone) {
        successors(configuration).stream().filter(seen::add).forEach(open::add);
      }
    }
    return possible.all();
  }

  private Collection<Configuration> successors(Configuration configuration) {
    List<Configuration> successors = new ArrayList<>();
    for (int next : running) {
      if (!configuration.has(next)) {
        Operation operation = operations.get(next);
        configuration
            .register()
            .after(operation.action(), operation.result())
            .ifPresent(
                after -> successors.add(configuration.with(next, !operation.isUnknown(), after)));
      }
    }
    return successors;
  }

  private String describe(int operation, Collection<Configuration> before) {
    return "No order of what ran explains %s%n  possible before: %s%n  beside it ran: %s"
        .formatted(
            operations.get(operation),
            before.stream().map(Configuration::register).distinct().toList(),
            running.stream().filter(i -> i != operation).map(operations::get).toList());
  }
}
