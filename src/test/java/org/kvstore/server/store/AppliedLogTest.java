package org.kvstore.server.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.Arrays;
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
import org.kvstore.server.model.Submission;
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

  private GroupResult apply(String sender, long life, long number, String value) {
    return apply(group(sender, life, number, Writes.put("k", value))).get(0);
  }

  private List<GroupResult> apply(byte[]... groups) {
    return store.applyEntry(
        new LogPosition(1, index++), LogForm.entry(LogForm.entryOf(List.of(groups))));
  }

  private static byte[] group(String sender, long life, long number, Submission... submissions) {
    return LogForm.of(new LogEntry.Group(new Serial(sender, life, number), List.of(submissions)));
  }

  private String value() {
    Entry entry = store.get(Key.of("k"));
    return entry == null ? "" : entry.value().toUtf8();
  }

  @Test
  void entryOfTheSamePosition_isPassedOver() {
    apply("a", 1, 1, "1");
    index = 0;
    assertThat(apply("a", 1, 2, "2")).isEqualTo(new GroupResult.Repeated());
    assertThat(value()).isEqualTo("1");
  }

  @Test
  void groupThatIsInTheLogTwice_isAppliedOnce() {
    assertThat(apply("a", 1, 1, "1")).isInstanceOf(GroupResult.Applied.class);
    assertThat(apply("a", 1, 1, "1")).isEqualTo(new GroupResult.Repeated());
    assertThat(store.revision()).isEqualTo(1);
    assertThat(store.applied()).isEqualTo(new LogPosition(1, 1));
  }

  @Test
  void groupThatWasGivenUp_isNotAppliedAfterALaterOne() {
    apply("a", 1, 2, "2");
    assertThat(apply("a", 1, 1, "1")).isEqualTo(new GroupResult.Repeated());
    assertThat(value()).isEqualTo("2");
  }

  @Test
  void groupOfAnEarlierLife_isNotApplied_andSaysWhichLifeIsKnown() {
    apply("a", 7, 1, "new");
    assertThat(apply("a", 6, 9, "old")).isEqualTo(new GroupResult.Outdated(7));
    assertThat(apply("a", 8, 1, "newer")).isInstanceOf(GroupResult.Applied.class);
    assertThat(value()).isEqualTo("newer");
  }

  @Test
  void senders_doNotKnowOfEachOther() {
    apply("a", 9, 9, "a");
    assertThat(apply("b", 1, 1, "b")).isInstanceOf(GroupResult.Applied.class);
  }

  @Test
  void groupsOfOneEntry_areAppliedInTheirOrder_andAnsweredEachForItself() {
    List<GroupResult> results =
        apply(
            group("a", 1, 1, Writes.put("k", "1"), Writes.put("j", "2")),
            group("b", 1, 1, Writes.put("k", "3")));
    assertThat(results).hasSize(2);
    assertThat(revisions(results.get(0))).containsExactly(1L, 2L);
    assertThat(revisions(results.get(1))).containsExactly(3L);
    assertThat(value()).isEqualTo("3");
  }

  @Test
  void groupThatIsInAnEntryTwice_isAppliedOnce_andTheOthersAreNotHeldUp() {
    byte[] twice = group("a", 1, 2, Writes.put("k", "a"));
    List<GroupResult> results =
        apply(
            twice,
            group("b", 1, 1, Writes.put("j", "b")),
            twice.clone(),
            group("a", 1, 1, Writes.put("k", "earlier")),
            group("a", 1, 3, Writes.put("k", "later")));
    assertThat(revisions(results.get(0))).containsExactly(1L);
    assertThat(revisions(results.get(1))).containsExactly(2L);
    assertThat(results.get(2)).isEqualTo(new GroupResult.Repeated());
    assertThat(results.get(3)).isEqualTo(new GroupResult.Repeated());
    assertThat(revisions(results.get(4))).containsExactly(3L);
    assertThat(value()).isEqualTo("later");
    assertThat(apply("a", 1, 3, "again")).isEqualTo(new GroupResult.Repeated());
  }

  @Test
  void entryOfBefore_whichIsOneGroup_isRead() {
    byte[] group = group("a", 1, 1, Writes.put("k", "v"));
    assertThat(LogForm.entry(group)).isEqualTo(LogForm.entry(LogForm.entryOf(List.of(group))));
  }

  @Test
  void entryWithAGroupOfAnotherLengthThanItSays_isRefused() {
    byte[] group = group("a", 1, 1, Writes.put("k", "v"));
    byte[] longer = Arrays.copyOf(group, group.length + 1);
    byte[] entry = LogForm.entryOf(List.of(longer, group));
    assertThatThrownBy(() -> LogForm.entry(entry)).isInstanceOf(IllegalStateException.class);
  }

  private static List<Long> revisions(GroupResult result) {
    return ((GroupResult.Applied) result)
        .outcomes().stream().map(outcome -> ((Outcome.Written) outcome).modRevision()).toList();
  }

  @Test
  void afterARestart_theSameIsKnown() {
    apply("a", 1, 1, "1");
    store.passEntry(new LogPosition(2, index++));
    store.close();
    store = open(false);
    assertThat(store.applied()).isEqualTo(new LogPosition(2, 1));
    assertThat(apply("a", 1, 1, "1")).isEqualTo(new GroupResult.Repeated());
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
    GroupResult applied = apply("a", 1, 1, "1");
    assertThat(LogForm.result(LogForm.of(applied))).isEqualTo(applied);
    for (GroupResult passed :
        List.of(new GroupResult.Repeated(), new GroupResult.Outdated(Long.MAX_VALUE))) {
      assertThat(LogForm.result(LogForm.of(passed))).isEqualTo(passed);
    }
    assertThat(((GroupResult.Applied) applied).outcomes())
        .singleElement()
        .isInstanceOf(Outcome.Written.class);
  }
}
