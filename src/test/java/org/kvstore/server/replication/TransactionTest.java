package org.kvstore.server.replication;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Command;
import org.kvstore.server.model.Comparison;
import org.kvstore.server.model.Comparison.Operand;
import org.kvstore.server.model.Comparison.Relation;
import org.kvstore.server.model.Comparison.Target;
import org.kvstore.server.model.Condition;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.KeyRange;
import org.kvstore.server.model.Lifetime;
import org.kvstore.server.model.ListQuery;
import org.kvstore.server.model.Operation;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.model.Patch;
import org.kvstore.server.model.Submission;
import org.kvstore.server.store.MemoryTempDir;
import org.kvstore.server.store.Writes;

/** Transactions of many threads at once: no one sees one half done, and none is lost. */
@Timeout(120)
class TransactionTest {
  private static final int ACCOUNTS = 8;
  private static final int TOTAL = ACCOUNTS * 100;
  private static final int TRANSFERS = 60;
  private static final int WRITERS = 32;
  private static final int INCREMENTS = 10;
  private static final KeyRange RANGE = KeyRange.ofPrefix(Bytes.ofUtf8("account "));
  private static final Key SUM = Key.of("sum");

  @TempDir(factory = MemoryTempDir.class)
  Path directory;

  @Test
  void transfersOfManyThreads_theTotalNeverChanges() throws Exception {
    try (Engine engine = Engine.create(directory)) {
      openAccounts(engine);
      AtomicInteger writing = new AtomicInteger(WRITERS);
      AtomicInteger done = new AtomicInteger();
      inParallel(
          WRITERS + 4,
          thread -> {
            if (thread < WRITERS) {
              done.addAndGet(transfer(engine, new Random(thread)));
              writing.decrementAndGet();
              return;
            }
            while (writing.get() > 0) {
              assertThat(total(thread % 2 == 0 ? listed(engine) : read(engine))).isEqualTo(TOTAL);
            }
          });
      assertThat(done.get()).as("transfers that were done").isPositive();
      assertThat(total(listed(engine))).isEqualTo(TOTAL);
      assertTotalAtEveryRevision(engine);
    }
  }

  @Test
  void thirtyTwoThreads_incrementByConditionalPut_reachTheSum() throws Exception {
    assertSum(
        (engine, before) ->
            engine.apply(Writes.put("sum", Bytes.ofUtf8(plusOne(before)), Writes.unchanged(before)))
                instanceof Outcome.Written);
  }

  @Test
  void thirtyTwoThreads_incrementByModify_reachTheSum() throws Exception {
    Patch patch = new Patch(Patch.Kind.INCREMENT, Bytes.ofUtf8("{\"by\":1}"));
    assertSum(
        (engine, before) ->
            engine.apply(submission(new Command.Modify(SUM, patch, Condition.NONE)))
                instanceof Outcome.Modified);
  }

  @Test
  void thirtyTwoThreads_incrementByTransaction_reachTheSum() throws Exception {
    assertSum(
        (engine, before) -> {
          long revision = before == null ? 0 : before.modRevision();
          Outcome outcome =
              engine.apply(
                  submission(
                      new Command.Transact(
                          List.of(comparison(SUM, Target.MOD_REVISION, revision)),
                          List.of(put(SUM, plusOne(before))),
                          List.of(new Operation.Get(SUM)))));
          return ((Outcome.Transacted) outcome).succeeded();
        });
  }

  @Test
  void comparisonHolds_thenIsDoneInOneRevision() {
    try (Engine engine = Engine.create(directory)) {
      openAccounts(engine);
      Outcome outcome = engine.apply(submission(transfer(key(0), 100, key(1), 100, 30)));

      assertThat(outcome).isInstanceOf(Outcome.Transacted.class);
      assertThat(Objects.requireNonNull(engine.store.get(key(0))).modRevision())
          .isEqualTo(Objects.requireNonNull(engine.store.get(key(1))).modRevision());
    }
  }

  @Test
  void conditionOfOneOperationFails_nothingIsDone() {
    try (Engine engine = Engine.create(directory)) {
      openAccounts(engine);
      Operation never = new Command.Delete(key(7), new Condition(null, Condition.Tags.ANY));
      Command transact =
          new Command.Transact(List.of(), List.of(put(key(0), "0"), never), List.of());

      assertThat(engine.apply(submission(transact)))
          .isEqualTo(new Outcome.OperationRefused(true, 1, new Outcome.ConditionFailed(8)));
      assertThat(total(listed(engine))).isEqualTo(TOTAL);
      assertThat(engine.store.revision()).isEqualTo(ACCOUNTS);
    }
  }

  private interface Attempt {
    boolean succeeds(Engine engine, @Nullable Entry before);
  }

  private void assertSum(Attempt attempt) throws Exception {
    try (Engine engine = Engine.create(directory)) {
      inParallel(
          WRITERS,
          thread -> {
            for (int done = 0; done < INCREMENTS; ) {
              done += attempt.succeeds(engine, engine.store.get(SUM)) ? 1 : 0;
            }
          });
      assertThat(engine.valueOf("sum")).isEqualTo("" + WRITERS * INCREMENTS);
      assertThat(engine.store.revision()).isEqualTo(WRITERS * INCREMENTS);
    }
  }

  private static void openAccounts(Engine engine) {
    for (int i = 0; i < ACCOUNTS; i++) {
      engine.apply(submission(put(key(i), "100")));
    }
  }

  /** Tries some transfers between random accounts; says how many of them were done. */
  private static int transfer(Engine engine, Random random) {
    int done = 0;
    for (int i = 0; i < TRANSFERS; i++) {
      int first = random.nextInt(ACCOUNTS);
      Key from = key(first);
      Key to = key((first + 1 + random.nextInt(ACCOUNTS - 1)) % ACCOUNTS);
      int had = amount(Objects.requireNonNull(engine.store.get(from)));
      int has = amount(Objects.requireNonNull(engine.store.get(to)));
      Outcome outcome =
          engine.apply(submission(transfer(from, had, to, has, random.nextInt(had + 1))));
      done += ((Outcome.Transacted) outcome).succeeded() ? 1 : 0;
    }
    return done;
  }

  private static Command transfer(Key from, int had, Key to, int has, int amount) {
    return new Command.Transact(
        List.of(holds(from, had), holds(to, has)),
        List.of(put(from, "" + (had - amount)), put(to, "" + (has + amount))),
        List.of());
  }

  private static List<Entry> listed(Engine engine) {
    return engine
        .store
        .list(new ListQuery(RANGE, false, 100, Long.MAX_VALUE, false, null, Bytes.EMPTY, 0, null))
        .entries();
  }

  /** Half of them by gets, half of them by a list, in one transaction. */
  private static List<Entry> read(Engine engine) {
    List<Operation> operations = new ArrayList<>();
    IntStream.range(0, ACCOUNTS / 2).forEach(i -> operations.add(new Operation.Get(key(i))));
    operations.add(new Operation.ListRange(RANGE.from(key(ACCOUNTS / 2).utf8()), 100));
    Outcome outcome =
        engine.apply(submission(new Command.Transact(List.of(), operations, List.of())));
    List<Entry> entries = new ArrayList<>();
    for (Outcome result : ((Outcome.Transacted) outcome).results()) {
      if (result instanceof Outcome.Found found) {
        entries.add(found.entry());
      } else {
        entries.addAll(((Outcome.Listed) result).entries());
      }
    }
    return entries;
  }

  private static void assertTotalAtEveryRevision(Engine engine) {
    for (long revision = ACCOUNTS; revision <= engine.store.revision(); revision++) {
      long at = revision;
      int total =
          IntStream.range(0, ACCOUNTS)
              .map(i -> amount(Objects.requireNonNull(engine.store.getAt(key(i), at))))
              .sum();
      assertThat(total).as("total at %d", revision).isEqualTo(TOTAL);
    }
  }

  private static int total(List<Entry> entries) {
    assertThat(entries).hasSize(ACCOUNTS);
    return entries.stream().mapToInt(TransactionTest::amount).sum();
  }

  private static int amount(Entry entry) {
    return Integer.parseInt(entry.value().toUtf8());
  }

  private static String plusOne(@Nullable Entry before) {
    return "" + (before == null ? 1 : amount(before) + 1);
  }

  private static Key key(int account) {
    return Key.of("account " + account);
  }

  private static Comparison holds(Key key, int amount) {
    return new Comparison(
        key, Target.VALUE, Relation.EQUAL, new Operand(0, Bytes.ofUtf8("" + amount)));
  }

  private static Comparison comparison(Key key, Target target, long number) {
    return new Comparison(key, target, Relation.EQUAL, new Operand(number, Bytes.EMPTY));
  }

  private static Command.Put put(Key key, String value) {
    return new Command.Put(
        key, Bytes.ofUtf8(value), "text/plain", new Lifetime.Forever(), Condition.NONE);
  }

  private static Submission submission(Command command) {
    return new Submission(command, Writes.NOW, null);
  }

  /** A part of a test that one thread plays. */
  @FunctionalInterface
  private interface Part {
    void play(int thread) throws Exception;
  }

  private static void inParallel(int threads, Part part) throws Exception {
    ExecutorService pool = Executors.newFixedThreadPool(threads);
    try {
      List<Future<?>> parts = new ArrayList<>();
      for (int i = 0; i < threads; i++) {
        int thread = i;
        parts.add(
            pool.submit(
                () -> {
                  part.play(thread);
                  return null;
                }));
      }
      for (Future<?> played : parts) {
        played.get();
      }
    } finally {
      pool.shutdownNow();
    }
  }
}
