package org.kvstore.it.history;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.kvstore.it.history.Action.CompareAndSet;
import org.kvstore.it.history.Action.Delete;
import org.kvstore.it.history.Action.Get;
import org.kvstore.it.history.Action.Increment;
import org.kvstore.it.history.Action.Put;
import org.kvstore.it.history.Action.Revoke;
import org.kvstore.it.history.Result.Changed;
import org.kvstore.it.history.Result.Deleted;
import org.kvstore.it.history.Result.Found;
import org.kvstore.it.history.Result.Mismatch;
import org.kvstore.it.history.Result.Missing;
import org.kvstore.it.history.Result.Unknown;
import org.kvstore.it.history.Result.Written;

/**
 * Histories that are known to be right or wrong; small ones of any kind, judged by trying every
 * order; and long ones of a register that is right, as they are and with one read made stale.
 */
class LinearizabilityTest {
  private static final Register NOTHING = Register.absent(0);

  static LongStream seeds() {
    return LongStream.rangeClosed(1, 100);
  }

  @Test
  void oneAfterTheOther_isRight() {
    assertRight(
        put("a", 1, 0, 1),
        get("a", 1, 2, 3),
        operation(new CompareAndSet(1, "b"), new Written(2, false), 4, 5),
        get("b", 2, 6, 7),
        operation(new CompareAndSet(1, "c"), new Mismatch(2), 8, 9),
        operation(new Delete(), new Deleted(), 10, 11),
        operation(new Delete(), new Missing(), 12, 13),
        missing(14, 15),
        operation(new CompareAndSet(0, "d"), new Written(9, true), 16, 17));
  }

  @Test
  void acknowledgedWriteThatIsLost_isWrong() {
    assertWrong(put("a", 1, 0, 1), missing(2, 3));
  }

  @Test
  void staleRead_isWrong() {
    assertWrong(put("a", 1, 0, 1), rewrite("b", 2, 2, 3), get("a", 1, 4, 5));
  }

  @Test
  void readBesideTheWrite_mayBeOfBeforeOrAfter() {
    assertRight(put("a", 1, 0, 1), rewrite("b", 2, 2, 9), get("a", 1, 3, 4), get("b", 2, 5, 6));
  }

  @Test
  void readThatGoesBack_isWrong() {
    assertWrong(put("a", 1, 0, 1), rewrite("b", 2, 2, 9), get("b", 2, 3, 4), get("a", 1, 5, 6));
  }

  @Test
  void twoWinnersOfOneRevision_areWrong() {
    assertWrong(
        put("a", 1, 0, 1),
        operation(new CompareAndSet(1, "b"), new Written(2, false), 2, 9),
        operation(new CompareAndSet(1, "c"), new Written(3, false), 2, 9));
  }

  @Test
  void mismatchOfWhatIsThere_isWrong() {
    assertWrong(put("a", 1, 0, 1), operation(new CompareAndSet(1, "b"), new Mismatch(1), 2, 3));
  }

  @Test
  void revisionThatFalls_isWrong() {
    assertWrong(put("a", 7, 0, 1), rewrite("b", 6, 2, 3));
  }

  @Test
  void unknownWrite_mayBeSeenOrNot_butStays() {
    Operation unknown = operation(new Put("b", 0), new Unknown(), 2, Operation.OPEN);
    Operation before = put("a", 1, 0, 1);
    assertRight(before, unknown, get("a", 1, 3, 4));
    assertRight(before, unknown, get("a", 1, 3, 4), get("b", 2, 5, 6), get("b", 2, 7, 8));
    assertWrong(before, unknown, get("b", 2, 3, 4), get("a", 1, 5, 6));
    assertWrong(before, unknown, get("b", 2, 3, 4), get("b", 3, 5, 6));
  }

  @Test
  void unknownWrite_doesNothingAfterItsEnd() {
    Operation unknown = operation(new Put("b", 0), new Unknown(), 2, 5);
    Operation before = put("a", 1, 0, 1);
    assertRight(before, unknown, get("b", 2, 6, 7));
    assertRight(before, unknown, get("a", 1, 6, 7));
    assertWrong(before, unknown, get("a", 1, 6, 7), get("b", 2, 8, 9));
  }

  @Test
  void readFromTheFuture_isWrong() {
    assertWrong(get("a", 1, 0, 1), put("a", 1, 2, 3));
  }

  @Test
  void endOfLease_takesWhatHangsOnIt() {
    Operation leased = operation(new Put("a", 5), new Written(1, true), 0, 1);
    Operation revoked = operation(new Revoke(5), new Deleted(), 2, 3);
    assertRight(leased, revoked, missing(4, 5));
    assertWrong(leased, revoked, get("a", 1, 4, 5));
    assertRight(put("a", 1, 0, 1), revoked, get("a", 1, 4, 5));
  }

  @Test
  void incrementThatIsLostOrDoneTwice_isWrong() {
    Operation one = operation(new Increment(3), new Changed(1, "3"), 0, 1);
    Operation unknown = operation(new Increment(4), new Unknown(), 2, Operation.OPEN);
    assertRight(one, operation(new Increment(4), new Changed(2, "7"), 2, 3), get("7", 2, 4, 5));
    assertWrong(one, operation(new Increment(4), new Changed(2, "4"), 2, 3));
    assertRight(one, unknown, get("3", 1, 3, 4), get("7", 2, 5, 6));
    assertWrong(one, unknown, get("11", 3, 3, 4));
  }

  @Test
  void manyUnknownWrites_areTriedWithoutTryingEveryOrder() {
    List<Operation> history = new ArrayList<>();
    for (int i = 0; i < 60; i++) {
      history.add(operation(new Put("unknown " + i, 0), new Unknown(), i, Operation.OPEN));
    }
    long revision = 0;
    for (int i = 0; i < 60; i += 3) {
      revision += 2;
      history.add(get("unknown " + i, revision, 100 + i, 101 + i));
    }
    assertThat(Linearizability.violation(NOTHING, history)).isEmpty();
    history.add(get("unknown 0", 2, 200, 201));
    assertThat(Linearizability.violation(NOTHING, history)).isPresent();
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void smallHistory_isJudgedAsByTryingEveryOrder(long seed) {
    Random random = new Random(seed);
    for (int i = 0; i < 50; i++) {
      List<Operation> history = new ArrayList<>();
      for (int n = 1 + random.nextInt(5); n > 0; n--) {
        history.add(anyOperation(random));
      }
      assertThat(Linearizability.violation(NOTHING, history).isEmpty())
          .as("%s", history)
          .isEqualTo(hasOrder(NOTHING, history, Set.of()));
    }
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void historyOfARegister_isRight(long seed) {
    assertThat(Linearizability.violation(NOTHING, new RandomHistory(seed).operations())).isEmpty();
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void historyWithOneStaleRead_isWrong(long seed) {
    List<Operation> stale = new RandomHistory(seed).withStaleRead();
    assertThat(Linearizability.violation(NOTHING, stale)).isPresent();
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void historyWithoutAWriteThatWasRead_isWrong(long seed) {
    List<Operation> torn = new RandomHistory(seed).withoutWriteThatWasRead();
    assertThat(Linearizability.violation(NOTHING, torn)).isPresent();
  }

  private static void assertRight(Operation... history) {
    assertThat(Linearizability.violation(NOTHING, List.of(history))).isEmpty();
  }

  private static void assertWrong(Operation... history) {
    assertThat(Linearizability.violation(NOTHING, List.of(history))).isPresent();
  }

  /** The definition itself, without any of the checker's means. */
  private static boolean hasOrder(Register register, List<Operation> history, Set<Integer> done) {
    List<Integer> open =
        IntStream.range(0, history.size()).filter(i -> !done.contains(i)).boxed().toList();
    if (open.stream().allMatch(i -> history.get(i).isUnknown())) {
      return true;
    }
    long end = open.stream().mapToLong(i -> history.get(i).returned()).min().orElseThrow();
    return open.stream()
        .filter(i -> history.get(i).invoked() <= end)
        .anyMatch(i -> hasOrder(register, history, done, i));
  }

  /** Whether there is an order in which one operation is the next, or the next that never was. */
  private static boolean hasOrder(
      Register register, List<Operation> history, Set<Integer> done, int next) {
    Operation operation = history.get(next);
    Set<Integer> more = new HashSet<>(done);
    more.add(next);
    return register
            .after(operation.action(), operation.result())
            .filter(after -> hasOrder(after, history, more))
            .isPresent()
        || operation.isUnknown() && hasOrder(register, history, more);
  }

  private static Operation anyOperation(Random random) {
    long invoked = random.nextInt(10);
    long returned = invoked + random.nextInt(5);
    String value = random.nextBoolean() ? "1" : "2";
    long revision = 1 + random.nextInt(3);
    boolean created = random.nextBoolean();
    boolean isUnknown = random.nextInt(4) == 0;
    Result written = isUnknown ? new Unknown() : new Written(revision, created);
    return switch (random.nextInt(6)) {
      case 0 -> get(value, revision, invoked, returned);
      case 1 -> missing(invoked, returned);
      case 2 -> operation(new Put(value, 0), written, invoked, returned);
      case 3 -> operation(new CompareAndSet(random.nextInt(3), value), written, invoked, returned);
      case 4 ->
          operation(
              new Increment(1),
              isUnknown ? written : new Changed(revision, value),
              invoked,
              returned);
      default -> operation(new Delete(), isUnknown ? written : new Deleted(), invoked, returned);
    };
  }

  private static Operation put(String value, long revision, long invoked, long returned) {
    return operation(new Put(value, 0), new Written(revision, true), invoked, returned);
  }

  private static Operation rewrite(String value, long revision, long invoked, long returned) {
    return operation(new Put(value, 0), new Written(revision, false), invoked, returned);
  }

  private static Operation get(String value, long revision, long invoked, long returned) {
    return operation(new Get(), new Found(revision, value), invoked, returned);
  }

  private static Operation missing(long invoked, long returned) {
    return operation(new Get(), new Missing(), invoked, returned);
  }

  private static Operation operation(Action action, Result result, long invoked, long returned) {
    return new Operation("key", action, result, invoked, returned);
  }
}
