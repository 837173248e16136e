package org.kvstore.it.history;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Predicate;
import org.kvstore.it.history.Action.CompareAndSet;
import org.kvstore.it.history.Action.Delete;
import org.kvstore.it.history.Action.Get;
import org.kvstore.it.history.Action.Put;
import org.kvstore.it.history.Result.Deleted;
import org.kvstore.it.history.Result.Found;
import org.kvstore.it.history.Result.Mismatch;
import org.kvstore.it.history.Result.Missing;
import org.kvstore.it.history.Result.Unknown;
import org.kvstore.it.history.Result.Written;

/**
 * A history of a register that does one thing after the other. Around each the client is given a
 * random while that it has waited, so that operations overlap and begin and end in other orders
 * than that of their effects. Some results are withheld.
 */
final class RandomHistory {
  private static final int OPERATIONS = 80;

  /** Longest wait, in operations. */
  private static final int OVERLAP = 4;

  private static final int STEP = 100;

  private final Random random;
  private final List<Operation> operations = new ArrayList<>();
  private String value = "";
  private long revision;
  private long newest;

  RandomHistory(long seed) {
    random = new Random(seed);
    for (int i = 1; i <= OPERATIONS; i++) {
      long effect = (long) i * STEP;
      Operation operation = next("value " + i);
      long invoked = effect - random.nextInt(OVERLAP * STEP);
      long returned = effect + random.nextInt(OVERLAP * STEP);
      boolean isWithheld =
          !(operation.action() instanceof Get)
              && !(operation.result() instanceof Mismatch)
              && random.nextInt(10) == 0;
      operations.add(
          new Operation(
              "key",
              operation.action(),
              isWithheld ? new Unknown() : operation.result(),
              invoked,
              isWithheld && random.nextBoolean() ? Operation.OPEN : returned));
    }
  }

  /** As it was. */
  List<Operation> operations() {
    return operations;
  }

  /** With one read that finds what another write had certainly replaced before it began. */
  List<Operation> withStaleRead() {
    List<Operation> writes = operations.stream().filter(RandomHistory::isWrite).toList();
    Operation old = writes.get(random.nextInt(writes.size() / 2));
    Operation newer = first(old, RandomHistory::isWrite);
    Operation read = first(newer, operation -> operation.action() instanceof Get);
    Found stale = new Found(((Written) old.result()).revision(), valueOf(old));
    return with(read, new Operation("key", read.action(), stale, read.invoked(), read.returned()));
  }

  /** Without one write that somebody has read. */
  List<Operation> withoutWriteThatWasRead() {
    List<Operation> seen =
        operations.stream().filter(write -> isWrite(write) && wasRead(valueOf(write))).toList();
    return with(seen.get(random.nextInt(seen.size())));
  }

  private boolean wasRead(String written) {
    return operations.stream()
        .anyMatch(o -> o.result() instanceof Found found && found.value().equals(written));
  }

  private static boolean isWrite(Operation operation) {
    return operation.result() instanceof Written;
  }

  private static String valueOf(Operation write) {
    return write.action() instanceof Put put
        ? put.value()
        : ((CompareAndSet) write.action()).value();
  }

  /** The first of a kind that began when another had returned. */
  private Operation first(Operation after, Predicate<Operation> kind) {
    return operations.stream()
        .filter(kind)
        .filter(operation -> operation.invoked() > after.returned())
        .findFirst()
        .orElseThrow();
  }

  /** All, with others in place of one. */
  private List<Operation> with(Operation one, Operation... others) {
    List<Operation> all = new ArrayList<>(operations);
    all.remove(one);
    all.addAll(List.of(others));
    return all;
  }

  private Operation next(String written) {
    int kind = random.nextInt(10);
    if (kind < 4) {
      return operation(new Get(), revision == 0 ? new Missing() : new Found(revision, value));
    }
    if (kind < 6) {
      return operation(new Put(written, 0), written(written));
    }
    if (kind < 8) {
      long expected = random.nextInt(3) == 0 ? Math.max(0, revision - 1) : revision;
      return operation(
          new CompareAndSet(expected, written),
          expected == revision ? written(written) : new Mismatch(revision));
    }
    Result result = revision == 0 ? new Missing() : new Deleted();
    revision = 0;
    return operation(new Delete(), result);
  }

  private Result written(String written) {
    boolean created = revision == 0;
    newest += 1 + random.nextInt(2);
    revision = newest;
    value = written;
    return new Written(revision, created);
  }

  private static Operation operation(Action action, Result result) {
    return new Operation("key", action, result, 0, 0);
  }
}
