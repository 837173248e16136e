package org.kvstore.server.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.Limits;
import org.kvstore.server.model.LogPosition;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.model.Serial;
import org.kvstore.server.service.JsonPatcher;

/** An entry of a replicated log is applied once, and not after a later one of its sender. */
class AppliedLogTest {
  private static final int SHARDS = 17;

  @TempDir Path parent;
  private Store store;
  private long index;

  @BeforeEach
  void open() {
    store = open(true);
  }

  @AfterEach
  void close() {
    store.close();
  }

  private Store open(boolean create) {
    return Store.open(
        Stores.options(parent.resolve("shard")).sharedBy(SHARDS).withReplicatedLog(),
        Limits.DEFAULT,
        create,
        new Store.Hooks(events -> {}, new JsonPatcher()));
  }

  private EntryResult apply(String sender, long life, long number, String value) {
    LogEntry entry =
        new LogEntry(new Serial(sender, life, number), List.of(Writes.put("k", value)));
    return store.applyEntry(new LogPosition(1, index++), LogForm.entry(LogForm.of(entry)));
  }

  private String value() {
    Entry entry = store.get(Key.of("k"));
    return entry == null ? "" : entry.value().toUtf8();
  }

  @Test
  void entryOfTheSamePosition_isPassedOver() {
    apply("a", 1, 1, "1");
    index = 0;
    assertThat(apply("a", 1, 2, "2")).isEqualTo(new EntryResult.Repeated());
    assertThat(value()).isEqualTo("1");
  }

  @Test
  void groupThatIsInTheLogTwice_isAppliedOnce() {
    assertThat(apply("a", 1, 1, "1")).isInstanceOf(EntryResult.Applied.class);
    assertThat(apply("a", 1, 1, "1")).isEqualTo(new EntryResult.Repeated());
    assertThat(store.revision()).isEqualTo(1);
    assertThat(store.applied()).isEqualTo(new LogPosition(1, 1));
  }

  @Test
  void groupThatWasGivenUp_isNotAppliedAfterALaterOne() {
    apply("a", 1, 2, "2");
    assertThat(apply("a", 1, 1, "1")).isEqualTo(new EntryResult.Repeated());
    assertThat(value()).isEqualTo("2");
  }

  @Test
  void groupOfAnEarlierLife_isNotApplied_andSaysWhichLifeIsKnown() {
    apply("a", 7, 1, "new");
    assertThat(apply("a", 6, 9, "old")).isEqualTo(new EntryResult.Outdated(7));
    assertThat(apply("a", 8, 1, "newer")).isInstanceOf(EntryResult.Applied.class);
    assertThat(value()).isEqualTo("newer");
  }

  @Test
  void senders_doNotKnowOfEachOther() {
    apply("a", 9, 9, "a");
    assertThat(apply("b", 1, 1, "b")).isInstanceOf(EntryResult.Applied.class);
  }

  @Test
  void afterARestart_theSameIsKnown() {
    apply("a", 1, 1, "1");
    store.passEntry(new LogPosition(2, index++));
    store.close();
    store = open(false);
    assertThat(store.applied()).isEqualTo(new LogPosition(2, 1));
    assertThat(apply("a", 1, 1, "1")).isEqualTo(new EntryResult.Repeated());
  }

  @Test
  void oneOfManyShards_keepsManyWritesInMemory_beforeItMakesTablesOfThem() {
    long before = store.statistics().tableBytes();
    for (int number = 1; number <= 1_000; number++) {
      apply("a", 1, number, "v".repeat(100));
    }
    assertThat(store.statistics().tableBytes()).isEqualTo(before);
  }

  @Test
  void results_areTheSameAsAMessage() {
    EntryResult applied = apply("a", 1, 1, "1");
    assertThat(LogForm.result(LogForm.of(applied))).isEqualTo(applied);
    for (EntryResult passed :
        List.of(new EntryResult.Repeated(), new EntryResult.Outdated(Long.MAX_VALUE))) {
      assertThat(LogForm.result(LogForm.of(passed))).isEqualTo(passed);
    }
    assertThat(((EntryResult.Applied) applied).outcomes())
        .singleElement()
        .isInstanceOf(Outcome.Written.class);
  }
}
