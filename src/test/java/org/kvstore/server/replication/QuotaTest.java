package org.kvstore.server.replication;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntFunction;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Command;
import org.kvstore.server.model.Condition;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Limits;
import org.kvstore.server.model.Operation;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.model.Patch;
import org.kvstore.server.model.Submission;
import org.kvstore.server.store.Store;
import org.kvstore.server.store.Stores;
import org.kvstore.server.store.TestLimits;
import org.kvstore.server.store.Writes;

/** Data beyond its quota: writes that grow are refused, the rest goes on, and room comes back. */
@Timeout(120)
class QuotaTest {
  private static final long QUOTA = 20 << 20;
  private static final int VALUE = 512 << 10;
  private static final int MANY = 120;

  /** A group of 4 MiB and one value more, in the log with the present and with the past. */
  private static final long ONE_GROUP = 2 * ((4 << 20) + 2 * VALUE);

  private static final Limits LIMITS =
      TestLimits.with(Map.of("pendingBytes", (long) MANY * VALUE * 2));

  @TempDir Path directory;

  private final Random random = new Random(1);
  private Store store;
  private Quota quota;
  private Engine engine;

  @BeforeEach
  void open() {
    store = Stores.create(directory);
    quota = new Quota(QUOTA, store::usedBytes, store::writtenBytes);
    engine = new Engine(store, LIMITS, new DiskSpace(directory, 0, quota));
  }

  @AfterEach
  void close() {
    engine.close();
  }

  @Test
  void reached_growthIsRefusedNamingIt() {
    fill();

    for (Command growing :
        List.of(
            Writes.put("more", "v").command(),
            new Command.Modify(Key.of("more"), increment(), Condition.NONE),
            new Command.GrantLease(1_000),
            transaction((Operation) Writes.put("more", "v").command()))) {
      assertThat(refusal(submission(growing))).as("%s", growing).isEqualTo(ErrorCode.STORAGE_FULL);
    }
    assertThat(engine.submit(Writes.put("more", "v")))
        .failsWithin(Duration.ofSeconds(30))
        .withThrowableThat()
        .withMessageContaining("kv.quota.bytes");
  }

  @Test
  void reached_whatShrinksGoesOn() {
    engine.apply(Writes.put("small", "v"));
    engine.apply(Writes.put("another", "v"));
    engine.apply(Writes.putUntil("mortal", "v", Writes.NOW + 1_000));
    engine.apply(submission(new Command.GrantLease(100_000)));
    fill();

    assertThat(engine.valueOf("small")).isEqualTo("v");
    assertThat(engine.apply(Writes.delete("small"))).isInstanceOf(Outcome.Deleted.class);
    assertThat(
            engine.apply(submission(transaction((Operation) Writes.delete("another").command()))))
        .isInstanceOf(Outcome.Transacted.class);
    assertThat(engine.apply(Writes.expire(Writes.NOW + 2_000, 10)))
        .isEqualTo(new Outcome.Expired(1, false));
    assertThat(engine.apply(submission(new Command.RenewLease(1))))
        .isInstanceOf(Outcome.Leased.class);
    assertThat(engine.apply(submission(new Command.RevokeLease(1))))
        .isInstanceOf(Outcome.Revoked.class);
    assertThat(engine.apply(Writes.deletePrefix("key"))).isInstanceOf(Outcome.RangeDeleted.class);
    assertThat(engine.apply(submission(new Command.Compact(store.revision()))))
        .isInstanceOf(Outcome.Compacted.class);
  }

  @Test
  void reached_repeatOfARequestIsAnsweredAsBefore() {
    Submission first = Writes.named(Writes.put("named", "v"), "name", "fingerprint");
    Outcome outcome = engine.apply(first);
    fill();

    assertThat(engine.apply(Writes.at(first, Writes.NOW + 1_000))).isEqualTo(outcome);
    assertThat(refusal(Writes.named(Writes.put("named", "v"), "another name", "fingerprint")))
        .isEqualTo(ErrorCode.STORAGE_FULL);
  }

  @Test
  void reached_longAnswersAreNotRemembered() {
    engine.apply(big("read"));
    fill();

    Submission read = submission(transaction(new Operation.Get(Key.of("read"))));
    assertThat(engine.apply(read)).isInstanceOf(Outcome.Transacted.class);
    assertThat(refusal(Writes.named(read, "name", "fingerprint")))
        .isEqualTo(ErrorCode.STORAGE_FULL);
  }

  @Test
  void manyPutsAtOnce_noMoreThanOneGroupGoesBeyondWithoutAnyMeasurement() {
    assertThat(refusals(i -> big("key " + i))).isPositive();
    assertThat(store.writtenBytes()).isBetween(QUOTA, QUOTA + ONE_GROUP);
  }

  @Test
  void manyPatchesOfALongValueAtOnce_noMoreThanOneGroupGoesBeyond() {
    String text = "{\"text\": \"" + "x".repeat(VALUE) + "\"}";
    engine.apply(Writes.put("json", Bytes.ofUtf8(text), Condition.NONE));

    IntFunction<Submission> patches =
        i ->
            submission(
                new Command.Modify(
                    Key.of("json"),
                    new Patch(Patch.Kind.MERGE_PATCH, Bytes.ofUtf8("{\"n\": %d}".formatted(i))),
                    Condition.NONE));
    assertThat(refusals(patches)).isPositive();
    assertThat(store.writtenBytes()).isBetween(QUOTA, QUOTA + ONE_GROUP);
  }

  @Test
  void deletedAndCompacted_roomComesBackByItself() {
    Reclaimer reclaimer = new Reclaimer(() -> List.of(store), quota, Clock.systemUTC());
    fill();
    engine.apply(Writes.deletePrefix("key"));
    engine.apply(submission(new Command.Compact(store.revision())));
    while (store.sweep()) {
      // A step at a time.
    }

    await()
        .atMost(Duration.ofSeconds(30))
        .until(
            () -> {
              reclaimer.measure();
              reclaimer.run();
              return !quota.isReached();
            });
    assertThat(store.usedBytes()).isLessThan(QUOTA / 4);
    assertThat(engine.apply(big("key again"))).isInstanceOf(Outcome.Written.class);
  }

  @Test
  void measuredWhileWritesGoOn_countsThoseOnTop() {
    AtomicLong written = new AtomicLong(500);
    Quota counted = new Quota(1_000, () -> written.addAndGet(300), written::get);
    counted.measure();

    assertThat(counted.isReached()).as("800 measured, 300 of them counted again").isTrue();
  }

  @Test
  void noQuota_isNeverReached() {
    Quota none = new Quota(0, () -> Long.MAX_VALUE, () -> Long.MAX_VALUE);
    none.measure();
    assertThat(none.isReached()).isFalse();
    assertThat(none.exists()).isFalse();
  }

  /** Writes until the first refusal. */
  private void fill() {
    int written = 0;
    while (refusal(big("key " + written)) == null) {
      written++;
      quota.measure();
    }
    assertThat(written).isBetween(3, (int) (QUOTA / VALUE));
  }

  /** Submits many writes without waiting for any; how many of them were refused. */
  private long refusals(IntFunction<Submission> write) {
    List<CompletableFuture<@Nullable ErrorCode>> codes = new ArrayList<>();
    for (int i = 0; i < MANY; i++) {
      codes.add(code(write.apply(i)));
    }
    List<ErrorCode> refused =
        codes.stream().flatMap(code -> Stream.ofNullable(code.join())).toList();
    assertThat(refused).containsOnly(ErrorCode.STORAGE_FULL);
    return refused.size();
  }

  private Submission big(String key) {
    byte[] value = new byte[VALUE];
    random.nextBytes(value);
    return Writes.put(key, Bytes.takeOver(value), Condition.NONE);
  }

  private @Nullable ErrorCode refusal(Submission write) {
    return code(write).join();
  }

  private CompletableFuture<@Nullable ErrorCode> code(Submission write) {
    return engine
        .submit(write)
        .handle((outcome, failure) -> failure instanceof KeyValueException e ? e.code() : null);
  }

  private static Command transaction(Operation operation) {
    return new Command.Transact(List.of(), List.of(operation), List.of());
  }

  private static Patch increment() {
    return new Patch(Patch.Kind.INCREMENT, Bytes.ofUtf8("{\"by\": 1}"));
  }

  private static Submission submission(Command command) {
    return new Submission(command, Writes.NOW, null);
  }
}
