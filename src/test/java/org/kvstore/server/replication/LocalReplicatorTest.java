package org.kvstore.server.replication;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Command;
import org.kvstore.server.model.Condition;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Lifetime;
import org.kvstore.server.model.Limits;
import org.kvstore.server.model.Operation;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.model.Submission;
import org.kvstore.server.store.Store;
import org.kvstore.server.store.Stores;
import org.kvstore.server.store.TestLimits;
import org.kvstore.server.store.Writes;

@Timeout(60)
class LocalReplicatorTest {
  private static final Duration LONG = Duration.ofMinutes(5);
  private static final long MUCH = 1L << 30;

  /** Of a slow disk. */
  private static final Duration FSYNC = Duration.ofMillis(50);

  @TempDir Path directory;

  /** A commit needs a permit before it is answered: so a test can hold one up. */
  private final Semaphore commits = new Semaphore(0);

  private final AtomicReference<Thread> committer = new AtomicReference<>();
  private final ExecutorService answers =
      Executors.newSingleThreadExecutor(task -> new Thread(task, "answers"));
  private final List<AutoCloseable> opened = new ArrayList<>();

  @AfterEach
  void close() throws Exception {
    commits.release(1_000_000);
    for (AutoCloseable one : opened) {
      one.close();
    }
    answers.shutdown();
  }

  @Test
  void submit_thirtyTwoWriters_fsyncsWellBelowOnePerWrite() {
    LocalReplicator replicator = start(Limits.DEFAULT);
    commits.release(1_000_000);
    int writes = 32 * 30;
    IntStream.range(0, 30)
        .forEach(
            round ->
                CompletableFuture.allOf(
                        IntStream.range(0, 32)
                            .mapToObj(i -> submit(replicator, Writes.put("key " + i, "v")))
                            .toArray(CompletableFuture[]::new))
                    .join());

    assertThat(replicator.groupSizes().sum()).isEqualTo(writes);
    assertThat(replicator.commits().count()).isEqualTo(writes);
    assertThat(store().statistics().walSyncs()).isPositive().isLessThan(writes / 4);
  }

  @Test
  void submit_queueFull_refusedUntilThereIsRoom() {
    LocalReplicator replicator = start(Engine.limits(3, MUCH, 100, LONG));
    List<CompletableFuture<Outcome>> accepted = new ArrayList<>();
    accepted.add(submitAndAwaitTaken(replicator, Writes.put("first", "v")));
    for (int i = 0; i < 3; i++) {
      accepted.add(submit(replicator, Writes.put("key " + i, "v")));
    }

    assertFailed(submit(replicator, Writes.put("beyond", "v")), ErrorCode.UNAVAILABLE);
    assertThat(replicator.queueDepth()).isEqualTo(3);

    commits.release(1_000);
    accepted.forEach(write -> assertThat(write.join()).isInstanceOf(Outcome.Written.class));
    assertThat(replicator.queueDepth()).isZero();
    assertThat(replicator.queueBytes()).isZero();
    assertThat(submit(replicator, Writes.put("beyond", "v")).join())
        .isInstanceOf(Outcome.Written.class);
  }

  @Test
  void refuses_moreWritesComeThanAreCommitted_untilTheQueueIsWorkedOff() {
    Limits limits = TestLimits.with(Map.of("queueDelay", Duration.ofMillis(20), "groupWrites", 1));
    LocalReplicator replicator = start(limits);
    for (int i = 0; i < 1_000; i++) {
      submit(replicator, Writes.put("key " + i, "v"));
    }
    assertThat(replicator.refuses()).as("a burst").isFalse();

    await()
        .pollInterval(Duration.ofMillis(10))
        .until(
            () -> {
              commits.release();
              return replicator.isOverloaded();
            });
    assertThat(replicator.refuses()).isTrue();

    commits.release(1_000_000);
    await().until(() -> !replicator.refuses());
    await().until(() -> !replicator.isOverloaded());
  }

  @Test
  void refuses_writesThatChangedNothing_tellNothingOfTheDisk() {
    LocalReplicator replicator = startOnSlowDisk(Duration.ofMillis(20));
    for (int i = 0; i < 20; i++) {
      submit(replicator, Writes.delete("missing")).join();
    }
    overload(replicator);

    CompletableFuture<Outcome> alone = submit(replicator, Writes.put("alone", "v"));

    assertThat(replicator.refuses()).as("there is room beside one commit").isFalse();
    alone.join();
  }

  @Test
  void refuses_aRangeDeleteWaits_itCountsAsOneUntilItIsKnownWhatThereIs() {
    LocalReplicator replicator = startOnSlowDisk(Duration.ofMillis(200));
    overload(replicator);

    CompletableFuture<Outcome> delete = submit(replicator, Writes.deletePrefix("nothing"));

    assertThat(replicator.refuses()).isFalse();
    delete.join();
  }

  private LocalReplicator startOnSlowDisk(Duration queueDelay) {
    Limits limits = TestLimits.with(Map.of("queueDelay", queueDelay, "groupWrites", 1));
    Store store = Stores.open(directory, limits, true, events -> takeAsLongAsAnFsync());
    return start(store, limits);
  }

  /** The committer is woken by those who submit, also here. */
  private static void takeAsLongAsAnFsync() {
    long end = System.nanoTime() + FSYNC.toNanos();
    for (long left = FSYNC.toNanos(); left > 0; left = end - System.nanoTime()) {
      LockSupport.parkNanos(left);
    }
  }

  /** Has it committed more than it can in time; what waited is committed. */
  private static void overload(LocalReplicator replicator) {
    List<CompletableFuture<Outcome>> writes =
        IntStream.range(0, 16)
            .mapToObj(i -> submit(replicator, Writes.put("key " + i, "v")))
            .toList();
    await().until(replicator::isOverloaded);
    writes.forEach(CompletableFuture::join);
  }

  @Test
  void submit_bytesOfTheQueueExhausted_refusedUntilThereIsRoom() {
    LocalReplicator replicator = start(Engine.limits(100, 3_000, 100, LONG));
    submitAndAwaitTaken(replicator, Writes.put("first", "v"));
    CompletableFuture<Outcome> accepted =
        submit(replicator, Writes.put("big", Bytes.copyOf(new byte[2_000]), Condition.NONE));

    assertFailed(
        submit(replicator, Writes.put("big too", Bytes.copyOf(new byte[2_000]), Condition.NONE)),
        ErrorCode.UNAVAILABLE);
    assertThat(replicator.queueBytes()).isEqualTo(2_000 + 256 + 3);

    commits.release(1_000);
    assertThat(accepted.join()).isInstanceOf(Outcome.Written.class);
    assertThat(replicator.queueBytes()).isZero();
  }

  @Test
  void sweep_timeIsUp_takenWriteIsIndeterminateAndWaitingOneUnavailable() {
    LocalReplicator replicator = start(Engine.limits(100, MUCH, 100, Duration.ZERO));
    CompletableFuture<Outcome> taken = submitAndAwaitTaken(replicator, Writes.put("taken", "v"));
    CompletableFuture<Outcome> waiting = submit(replicator, Writes.put("waiting", "v"));

    replicator.sweep();

    assertFailed(taken, ErrorCode.INDETERMINATE);
    assertFailed(waiting, ErrorCode.UNAVAILABLE);
    commits.release(1_000);
    // What was unknown turned out applied; what was refused never is.
    assertThat(submit(replicator, Writes.put("later", "v")).join())
        .isInstanceOf(Outcome.Written.class);
    assertThat(store().get(Key.of("taken"))).isNotNull();
    assertThat(store().get(Key.of("waiting"))).isNull();
    assertThat(replicator.queueBytes()).isZero();
  }

  @Test
  void sweep_timeIsLeft_nothingIsAnswered() {
    LocalReplicator replicator = start(Engine.limits(100, MUCH, 100, LONG));
    CompletableFuture<Outcome> taken = submitAndAwaitTaken(replicator, Writes.put("taken", "v"));
    CompletableFuture<Outcome> waiting = submit(replicator, Writes.put("waiting", "v"));

    replicator.sweep();

    assertThat(taken).isNotDone();
    assertThat(waiting).isNotDone();
  }

  @Test
  void submit_manyOfOneCaller_appliedInTheOrderOfTheCalls() {
    LocalReplicator replicator = start(Limits.DEFAULT);
    commits.release(1_000_000);
    List<CompletableFuture<Outcome>> writes =
        IntStream.range(0, 3_000)
            .mapToObj(i -> submit(replicator, Writes.put("key", "" + i)))
            .toList();

    List<Long> revisions =
        writes.stream().map(write -> ((Outcome.Written) write.join()).modRevision()).toList();

    assertThat(revisions).isSorted().doesNotHaveDuplicates().hasSize(3_000);
  }

  @Test
  void submit_answered_onAThreadOfTheExecutor() {
    LocalReplicator replicator = start(Limits.DEFAULT);
    CompletableFuture<String> thread =
        submit(replicator, Writes.put("key", "v"))
            .thenApply(outcome -> Thread.currentThread().getName());
    commits.release(1_000);

    assertThat(thread.join()).isEqualTo("answers");
  }

  @Test
  void submit_executorShutDown_answeredAllTheSame() {
    LocalReplicator replicator = start(Limits.DEFAULT);
    answers.shutdown();
    commits.release(1_000);

    assertThat(submit(replicator, Writes.put("key", "v")).join())
        .isInstanceOf(Outcome.Written.class);
    assertThat(submit(replicator, Writes.put("key", "v")).join())
        .isInstanceOf(Outcome.Written.class);
  }

  @Test
  void submit_oneCommandCannotBeEvaluated_failsAloneInItsGroup() {
    Stores.create(directory).close();
    Stores.poison(directory, Key.of("poisoned"));
    LocalReplicator replicator = start(Limits.DEFAULT, false);
    submitAndAwaitTaken(replicator, Writes.put("first", "v"));
    CompletableFuture<Outcome> before = submit(replicator, Writes.put("before", "v"));
    CompletableFuture<Outcome> poisoned = submit(replicator, Writes.put("poisoned", "v"));
    CompletableFuture<Outcome> after = submit(replicator, Writes.put("after", "v"));
    commits.release(1_000);

    assertFailed(poisoned, ErrorCode.INTERNAL);
    assertThat(before.join()).isInstanceOf(Outcome.Written.class);
    assertThat(after.join()).isInstanceOf(Outcome.Written.class);
  }

  @Test
  void submit_listenerFails_writeIsAcknowledged() {
    Store store =
        Stores.open(
            directory,
            Limits.DEFAULT,
            true,
            events -> {
              throw new IllegalStateException("A listener with a defect.");
            });
    LocalReplicator replicator = start(store, Limits.DEFAULT);

    assertThat(submit(replicator, Writes.put("key", "v")).join())
        .isInstanceOf(Outcome.Written.class);
    assertThat(submit(replicator, Writes.put("key", "v")).join())
        .isInstanceOf(Outcome.Written.class);
  }

  @Test
  void submit_rangeDeletes_eachIsACommitOfItsOwn() {
    LocalReplicator replicator = start(Limits.DEFAULT);
    submitAndAwaitTaken(replicator, Writes.put("first", "v"));
    List<CompletableFuture<Outcome>> deletes = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      deletes.add(submit(replicator, Writes.deletePrefix("nothing")));
    }
    commits.release(1_000);
    deletes.forEach(CompletableFuture::join);

    assertThat(replicator.groupSizes().count()).isEqualTo(4);
  }

  @Test
  void submit_transactions_asManyShareACommitAsTheirOperationsAndOneEachAllow() {
    LocalReplicator replicator = start(Engine.limits(100, MUCH, 12, LONG));
    submitAndAwaitTaken(replicator, Writes.put("first", "v"));
    List<CompletableFuture<Outcome>> transactions = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      transactions.add(submit(replicator, transaction("key " + i, i % 2 == 0)));
    }
    commits.release(1_000);
    transactions.forEach(CompletableFuture::join);

    // Four changes each, of which twelve make a group.
    assertThat(replicator.groupSizes().count()).isEqualTo(1 + 4);
  }

  /** Three puts in one list or the other, of which the first is done. */
  private static Submission transaction(String key, boolean inThen) {
    List<Operation> operations =
        IntStream.range(0, 3)
            .<Operation>mapToObj(
                i ->
                    new Command.Put(
                        Key.of(key + i),
                        Bytes.EMPTY,
                        "text/plain",
                        new Lifetime.Forever(),
                        Condition.NONE))
            .toList();
    return new Submission(
        new Command.Transact(
            List.of(), inThen ? operations : List.of(), inThen ? List.of() : operations),
        Writes.NOW,
        null);
  }

  @Test
  void close_writesWait_allAreAppliedFirst() {
    LocalReplicator replicator = start(Limits.DEFAULT);
    List<CompletableFuture<Outcome>> writes =
        IntStream.range(0, 500)
            .mapToObj(i -> submit(replicator, Writes.put("key " + i, "v")))
            .toList();
    commits.release(1_000);

    replicator.close();

    writes.forEach(write -> assertThat(write.join()).isInstanceOf(Outcome.Written.class));
    assertThat(replicator.queueBytes()).isZero();
  }

  @Test
  void submit_afterClose_unavailable() {
    LocalReplicator replicator = start(Limits.DEFAULT);
    replicator.close();

    assertFailed(submit(replicator, Writes.put("key", "v")), ErrorCode.UNAVAILABLE);
  }

  @Test
  void committerInterrupted_answersWhatWaitsAndRefusesTheRest() {
    LocalReplicator replicator = start(Limits.DEFAULT);
    CompletableFuture<Outcome> taken = submitAndAwaitTaken(replicator, Writes.put("taken", "v"));
    CompletableFuture<Outcome> waiting = submit(replicator, Writes.put("waiting", "v"));
    Objects.requireNonNull(committer.get()).interrupt();
    commits.release(1_000);

    assertThat(taken.join()).isInstanceOf(Outcome.Written.class);
    assertThat(waiting.join()).isInstanceOf(Outcome.Written.class);
    await().until(() -> !replicator.isAlive());
    assertFailed(submit(replicator, Writes.put("key", "v")), ErrorCode.UNAVAILABLE);
    assertThat(replicator.queueBytes()).isZero();
  }

  @Test
  void submit_diskBelowItsFloor_growthIsRefusedAndDeletesGoOn() {
    Store store = Stores.create(directory);
    store.apply(List.of(Writes.put("key", "v")));
    LocalReplicator replicator =
        start(store, Limits.DEFAULT, new DiskSpace(directory, Long.MAX_VALUE));

    assertFailed(submit(replicator, Writes.put("key", "w")), ErrorCode.STORAGE_FULL);
    assertThat(store.get(Key.of("key"))).isNotNull();
    assertThat(submit(replicator, Writes.delete("key")).join()).isInstanceOf(Outcome.Deleted.class);
  }

  private LocalReplicator start(Limits limits) {
    return start(limits, true);
  }

  private LocalReplicator start(Limits limits, boolean create) {
    Store store =
        Stores.open(directory, limits, create, events -> commits.acquireUninterruptibly());
    return start(store, limits);
  }

  private LocalReplicator start(Store store, Limits limits) {
    return start(store, limits, new DiskSpace(directory, 0));
  }

  private LocalReplicator start(Store store, Limits limits, DiskSpace disk) {
    LocalReplicator replicator =
        new LocalReplicator(
            store,
            limits,
            disk,
            task -> {
              Thread thread = new Thread(task);
              committer.set(thread);
              return thread;
            },
            answers);
    opened.add(replicator);
    opened.add(store);
    return replicator;
  }

  private Store store() {
    return (Store) opened.get(1);
  }

  private static CompletableFuture<Outcome> submit(LocalReplicator replicator, Submission write) {
    return replicator.submit(write).toCompletableFuture();
  }

  /** Returns when the committer holds the write and waits for a permit. */
  private CompletableFuture<Outcome> submitAndAwaitTaken(
      LocalReplicator replicator, Submission write) {
    CompletableFuture<Outcome> result = submit(replicator, write);
    await().until(commits::hasQueuedThreads);
    return result;
  }

  private static void assertFailed(CompletableFuture<Outcome> write, ErrorCode code) {
    assertThatThrownBy(write::join)
        .isInstanceOf(CompletionException.class)
        .cause()
        .isInstanceOf(KeyValueException.class)
        .extracting("code")
        .isEqualTo(code);
  }
}
