package org.kvstore.server.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Command;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.Event;
import org.kvstore.server.model.KeyRange;
import org.kvstore.server.model.Submission;
import org.kvstore.server.store.WatchSink.Delivery;

/** One watch at a time: what it delivers, from where, and when it ends. */
@Timeout(60)
class WatchTest {
  private static final KeyRange A = KeyRange.ofPrefix(Bytes.ofUtf8("a"));

  /** So few that a handful of commits fall out. */
  private static final Map<String, Object> FORGETFUL = Map.of("recentBytes", 2_000L);

  @TempDir Path directory;

  private WatchedStore watched; // Set before each test.

  @BeforeEach
  void open() {
    watched = WatchedStore.create(directory.resolve("store"), Map.of());
  }

  @AfterEach
  void close() {
    watched.close();
  }

  private void reopen(Map<String, Object> limits) {
    watched.close();
    watched = WatchedStore.create(directory.resolve("other"), limits);
  }

  @Test
  void committed_sinkIsReady_eventsComeInOrder() {
    TestSink sink = watched.watch(WatchedStore.EVERYTHING, 0, TestSink.ENDLESS);

    watched.apply(Writes.put("a", "1"), Writes.put("b", "1"));
    watched.apply(Writes.deletePrefix(""));

    sink.awaitEvents(watched.committed());
    assertThat(sink.events()).hasSize(4);
  }

  @Test
  void committed_severalKeysOfOneRevision_onlyTheLastIsMarked() {
    TestSink sink = watched.watch(new Watch.Query(A, true, true, false), 0, TestSink.ENDLESS);

    watched.apply(Writes.put("a1", "v"), Writes.put("a2", "v"), Writes.put("b", "v"));
    watched.apply(Writes.deletePrefix(""));

    sink.awaitCount(4);
    assertThat(sink.deliveries())
        .extracting(Delivery::last)
        .containsExactly(true, true, false, true);
  }

  @Test
  void ready_changesAreStillInMemory_theyComeThoughTheyAreCompacted() {
    TestSink sink = watched.watch(WatchedStore.EVERYTHING, 0, 0);
    watched.apply(Writes.put("a", "1"), Writes.put("a", "2"), Writes.delete("a"));
    compactAndSweep(3);

    sink.take(TestSink.ENDLESS);

    sink.awaitEvents(watched.committed());
  }

  @Test
  void ready_changesFellOutOfMemory_theyComeFromDisk() {
    reopen(FORGETFUL);
    TestSink sink = watched.watch(WatchedStore.EVERYTHING, 0, 0);
    for (int i = 0; i < 300; i++) {
      watched.apply(Writes.put("key " + i % 7, "value " + i));
    }

    sink.take(TestSink.ENDLESS);

    sink.awaitEvents(watched.committed());
  }

  @Test
  void ready_sinkTakesOneSendAtATime_eachBringsNextParts() {
    reopen(FORGETFUL);
    for (int i = 0; i < 600; i++) {
      watched.apply(Writes.put("key " + i % 7, "value " + i));
    }
    TestSink sink = watched.watch(WatchedStore.EVERYTHING, 0, 1);
    sink.awaitCount(256);

    sink.take(1);
    sink.awaitCount(512);
    sink.take(1);

    sink.awaitEvents(watched.committed());
  }

  @Test
  void ready_compactedMeanwhileAndNotInMemory_endsWithCompacted() {
    reopen(FORGETFUL);
    TestSink sink = watched.watch(WatchedStore.EVERYTHING, 0, 0);
    for (int i = 0; i < 100; i++) {
      watched.apply(Writes.put("key", "value " + i));
    }
    compactAndSweep(50);

    sink.take(TestSink.ENDLESS);

    sink.awaitEnd(ErrorCode.COMPACTED);
    assertThat(sink.count()).isZero();
    assertThat(watched.hub.count()).isZero();
  }

  @Test
  void open_belowTheCompactedRevision_isRefused() {
    watched.apply(Writes.put("key", "1"), Writes.put("key", "2"));
    compactAndSweep(2);

    assertThat(watched.refusal(1)).isEqualTo(ErrorCode.COMPACTED);
    watched.watch(WatchedStore.EVERYTHING, 2, TestSink.ENDLESS).awaitEvents(List.of());
  }

  @Test
  void open_inTheFuture_isRefused() {
    assertThat(watched.refusal(1)).isEqualTo(ErrorCode.REQUEST_INVALID);
  }

  @Test
  void open_atEveryPosition_bringsExactlyWhatFollows() {
    reopen(FORGETFUL);
    for (int i = 0; i < 40; i++) {
      watched.apply(Writes.put("a" + i % 3, "" + i), Writes.put("b", "" + i));
      watched.apply(Writes.deletePrefix(i % 2 == 0 ? "a" : "b"));
    }
    for (long after = 0; after <= watched.store.revision(); after++) {
      TestSink sink = watched.watch(WatchedStore.EVERYTHING, after, TestSink.ENDLESS);
      sink.awaitEvents(watched.committedAfter(after));
      sink.watch().close();
    }
  }

  @Test
  void open_afterReopeningTheStore_goesOnWhereItWas() {
    watched.apply(Writes.put("a", "1"), Writes.put("a", "2"));
    List<Event> committed = watched.committed();
    watched.close();
    watched = WatchedStore.reopen(directory.resolve("store"));

    TestSink sink = watched.watch(WatchedStore.EVERYTHING, 1, TestSink.ENDLESS);
    sink.awaitEvents(committed.subList(1, 2));
    watched.apply(Writes.put("a", "3"));
    sink.awaitCount(2);
  }

  @Test
  void query_putsOnly_bringsNoDeletes() {
    TestSink sink =
        watched.watch(new Watch.Query(KeyRange.ALL, true, false, false), 0, TestSink.ENDLESS);

    watched.apply(Writes.put("a", "1"), Writes.delete("a"), Writes.put("a", "2"));

    sink.awaitCount(2);
    assertThat(sink.events()).allMatch(Event::isPut);
  }

  @Test
  void query_deletesOnly_bringsNoPuts() {
    TestSink sink =
        watched.watch(new Watch.Query(KeyRange.ALL, false, true, false), 0, TestSink.ENDLESS);

    watched.apply(Writes.put("a", "1"), Writes.delete("a"), Writes.put("b", "1"));
    watched.apply(Writes.delete("b"));

    sink.awaitCount(2);
    assertThat(sink.events()).noneMatch(Event::isPut);
  }

  @Test
  void query_previous_ofManyEvents_readsThemTogether() {
    Submission[] puts = new Submission[200];
    for (int i = 0; i < puts.length; i++) {
      puts[i] = Writes.put("a", "" + i);
    }
    watched.apply(puts);

    TestSink sink =
        watched.watch(new Watch.Query(KeyRange.ALL, true, true, true), 0, TestSink.ENDLESS);

    sink.awaitEvents(watched.committed());
    assertThat(sink.deliveries())
        .extracting(delivery -> text(delivery.previous()))
        .startsWith("", "0", "1")
        .endsWith("197", "198");
    assertThat(watched.log.readsBefore()).isLessThan(10);
  }

  @Test
  void query_previous_bringsTheEntryBeforeEachEvent() {
    TestSink sink =
        watched.watch(new Watch.Query(KeyRange.ALL, true, true, true), 0, TestSink.ENDLESS);

    watched.apply(Writes.put("a", "1"), Writes.put("a", "2"), Writes.delete("a"));
    watched.apply(Writes.put("a", "3"));

    sink.awaitCount(4);
    assertThat(sink.deliveries())
        .extracting(delivery -> text(delivery.previous()))
        .containsExactly("", "1", "2", "");
  }

  private void compactAndSweep(long revision) {
    watched.apply(new Submission(new Command.Compact(revision), Writes.NOW, null));
    assertThat(watched.store.sweep()).isFalse();
  }

  private static String text(@Nullable Entry entry) {
    return entry == null ? "" : entry.value().toUtf8();
  }
}
