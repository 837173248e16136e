package org.kvstore.server.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.awaitility.core.ConditionFactory;
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
import org.kvstore.server.model.KeyValueException;
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

    awaitEvents(sink, watched.committed());
    assertThat(sink.events()).hasSize(4);
  }

  @Test
  void committed_severalKeysOfOneRevision_onlyTheLastIsMarked() {
    TestSink sink = watched.watch(new Watch.Query(A, true, true, false), 0, TestSink.ENDLESS);

    watched.apply(Writes.put("a1", "v"), Writes.put("a2", "v"), Writes.put("b", "v"));
    watched.apply(Writes.deletePrefix(""));

    awaitCount(sink, 4);
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

    awaitEvents(sink, watched.committed());
  }

  @Test
  void ready_changesFellOutOfMemory_theyComeFromDisk() {
    reopen(FORGETFUL);
    TestSink sink = watched.watch(WatchedStore.EVERYTHING, 0, 0);
    for (int i = 0; i < 300; i++) {
      watched.apply(Writes.put("key " + i % 7, "value " + i));
    }

    sink.take(TestSink.ENDLESS);

    awaitEvents(sink, watched.committed());
  }

  @Test
  void ready_sinkTakesOneSendAtATime_eachBringsNextParts() {
    reopen(FORGETFUL);
    for (int i = 0; i < 600; i++) {
      watched.apply(Writes.put("key " + i % 7, "value " + i));
    }
    TestSink sink = watched.watch(WatchedStore.EVERYTHING, 0, 1);
    awaitCount(sink, 256);

    sink.take(1);
    awaitCount(sink, 512);
    sink.take(1);

    awaitEvents(sink, watched.committed());
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

    awaitEnd(sink, ErrorCode.COMPACTED);
    assertThat(sink.count()).isZero();
    assertThat(watched.hub.count()).isZero();
  }

  @Test
  void open_belowTheCompactedRevision_isRefused() {
    watched.apply(Writes.put("key", "1"), Writes.put("key", "2"));
    compactAndSweep(2);

    assertThat(refusal(1)).isEqualTo(ErrorCode.COMPACTED);
    awaitEvents(watched.watch(WatchedStore.EVERYTHING, 2, TestSink.ENDLESS), List.of());
  }

  @Test
  void open_inTheFuture_isRefused() {
    assertThat(refusal(1)).isEqualTo(ErrorCode.REQUEST_INVALID);
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
      awaitEvents(sink, watched.committedAfter(after));
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
    awaitEvents(sink, committed.subList(1, 2));
    watched.apply(Writes.put("a", "3"));
    awaitCount(sink, 2);
  }

  @Test
  void query_putsOnly_bringsNoDeletes() {
    TestSink sink =
        watched.watch(new Watch.Query(KeyRange.ALL, true, false, false), 0, TestSink.ENDLESS);

    watched.apply(Writes.put("a", "1"), Writes.delete("a"), Writes.put("a", "2"));

    awaitCount(sink, 2);
    assertThat(sink.events()).allMatch(Event::isPut);
  }

  @Test
  void query_deletesOnly_bringsNoPuts() {
    TestSink sink =
        watched.watch(new Watch.Query(KeyRange.ALL, false, true, false), 0, TestSink.ENDLESS);

    watched.apply(Writes.put("a", "1"), Writes.delete("a"), Writes.put("b", "1"));
    watched.apply(Writes.delete("b"));

    awaitCount(sink, 2);
    assertThat(sink.events()).noneMatch(Event::isPut);
  }

  @Test
  void query_previous_bringsTheEntryBeforeEachEvent() {
    TestSink sink =
        watched.watch(new Watch.Query(KeyRange.ALL, true, true, true), 0, TestSink.ENDLESS);

    watched.apply(Writes.put("a", "1"), Writes.put("a", "2"), Writes.delete("a"));
    watched.apply(Writes.put("a", "3"));

    awaitCount(sink, 4);
    assertThat(sink.deliveries())
        .extracting(delivery -> text(delivery.previous()))
        .containsExactly("", "1", "2", "");
  }

  @Test
  void progress_nothingWantedHappens_saysHowFarItIs() {
    reopen(Map.of("progressInterval", Duration.ofMillis(20)));
    TestSink sink = watched.watch(new Watch.Query(A, true, true, false), 0, TestSink.ENDLESS);

    watched.apply(Writes.put("b", "1"), Writes.put("b", "2"));

    soon().until(() -> sink.progress().contains(2L));
    assertThat(sink.progress()).isSorted();
    assertThat(sink.count()).isZero();
  }

  @Test
  void progress_sinkIsNotReady_isSaidOnceItIs() {
    reopen(Map.of("progressInterval", Duration.ofMillis(20)));
    TestSink slow = watched.watch(WatchedStore.EVERYTHING, 0, 0);
    TestSink other = watched.watch(WatchedStore.EVERYTHING, 0, TestSink.ENDLESS);
    soon().until(() -> other.progress().size() >= 2);
    assertThat(slow.progress()).isEmpty();

    slow.take(TestSink.ENDLESS);

    soon().until(() -> !slow.progress().isEmpty());
  }

  @Test
  void close_moreIsCommitted_nothingComes() {
    TestSink sink = watched.watch(WatchedStore.EVERYTHING, 0, TestSink.ENDLESS);
    sink.watch().close();
    TestSink other = watched.watch(WatchedStore.EVERYTHING, 0, TestSink.ENDLESS);

    watched.apply(Writes.put("a", "1"));

    awaitCount(other, 1);
    assertThat(sink.count()).isZero();
    assertThat(sink.reason()).isNull();
  }

  @Test
  void open_asManyAsThereMayBe_anotherHasToWaitForAClose() {
    reopen(Map.of("watches", 1));
    TestSink first = watched.watch(WatchedStore.EVERYTHING, 0, 0);
    assertThat(refusal(0)).isEqualTo(ErrorCode.TOO_MANY_REQUESTS);

    first.watch().close();
    first.watch().close();

    watched.watch(WatchedStore.EVERYTHING, 0, 0);
    assertThat(refusal(0)).isEqualTo(ErrorCode.TOO_MANY_REQUESTS);
  }

  @Test
  void hubClosed_everyWatchEnds() {
    TestSink stalled = watched.watch(WatchedStore.EVERYTHING, 0, 0);
    TestSink ready = watched.watch(WatchedStore.EVERYTHING, 0, TestSink.ENDLESS);

    watched.hub.close();

    awaitEnd(stalled, ErrorCode.UNAVAILABLE);
    awaitEnd(ready, ErrorCode.UNAVAILABLE);
    assertThat(watched.hub.count()).isZero();
  }

  @Test
  void committed_sinkNeverSaidThatItIsReady_isNotTouched() {
    // Between open and attach, and until it says so, a sink may not be whole.
    TestSink sink = new TestSink();
    Watch watch = watched.hub.open(WatchedStore.EVERYTHING, 0, sink);
    TestSink other = watched.watch(WatchedStore.EVERYTHING, 0, TestSink.ENDLESS);
    for (int i = 1; i <= 20; i++) {
      watched.apply(Writes.put("a", "" + i));
      awaitCount(other, i);
    }
    assertThat(sink.violations()).isEmpty();

    sink.attach(watch);
    sink.take(TestSink.ENDLESS);

    awaitEvents(sink, watched.committed());
  }

  @Test
  void send_sinkFails_watchEndsAndItsPlaceIsFree() {
    reopen(Map.of("watches", 1, "progressInterval", Duration.ofMillis(1)));
    TestSink sink = watched.watch(WatchedStore.EVERYTHING, 0, TestSink.ENDLESS);

    sink.onProgress(
        revision -> {
          throw new IllegalStateException("The sink is broken.");
        });

    awaitEnd(sink, ErrorCode.INTERNAL);
    watched.watch(WatchedStore.EVERYTHING, 0, 0);
  }

  @Test
  void commitThatNobodyTellsOf_isNoticed() {
    TestSink sink = watched.watch(WatchedStore.EVERYTHING, 0, TestSink.ENDLESS);
    watched.apply(Writes.put("a", "1"));
    awaitCount(sink, 1);

    watched.applyUntold(Writes.put("a", "2"));

    awaitEvents(sink, watched.committed());
  }

  @Test
  void commitAfterOneThatNobodyToldOf_bothComeInOrder() {
    TestSink sink = watched.watch(WatchedStore.EVERYTHING, 0, TestSink.ENDLESS);
    TestSink stalled = watched.watch(WatchedStore.EVERYTHING, 0, 0);
    for (int i = 0; i < 10; i++) {
      watched.apply(Writes.put("a", "told"));
      watched.applyUntold(Writes.put("a", "untold"), Writes.put("b", "untold"));
    }
    watched.apply(Writes.put("a", "last"));

    awaitEvents(sink, watched.committed());
    stalled.take(TestSink.ENDLESS);
    awaitEvents(stalled, watched.committed());
  }

  @Test
  void offer_afterTheWatchLookedForTheLastTime_isNotMissed() {
    watched.close();
    watched = WatchedStore.withoutDispatcher(directory.resolve("other"));
    TestSink sink = new TestSink();
    Watch watch = watched.hub.open(WatchedStore.EVERYTHING, 0, sink);
    sink.attach(watch);
    sink.onProgress(
        revision -> {
          // It has just found itself caught up. The dispatcher comes before it lets go.
          if (revision == 0) {
            watched.apply(Writes.put("a", "1"));
            watch.offer(0, watched.hub.changes(0, 10, 1_000));
          }
        });
    watch.progressAfter(0, System.nanoTime());

    sink.take(TestSink.ENDLESS);

    awaitCount(sink, 1);
    assertThat(sink.events()).isEqualTo(watched.committed());
  }

  private void compactAndSweep(long revision) {
    watched.apply(new Submission(new Command.Compact(revision), Writes.NOW, null));
    assertThat(watched.store.sweep()).isFalse();
  }

  private ErrorCode refusal(long after) {
    TestSink sink = new TestSink();
    try {
      watched.hub.open(WatchedStore.EVERYTHING, after, sink);
    } catch (KeyValueException e) {
      return e.code();
    }
    throw new AssertionError("It was opened.");
  }

  private static ConditionFactory soon() {
    return await().pollDelay(Duration.ZERO).pollInterval(Duration.ofMillis(2));
  }

  private static void awaitCount(TestSink sink, int count) {
    soon().untilAsserted(() -> assertThat(sink.count()).isEqualTo(count));
    assertThat(sink.violations()).isEmpty();
  }

  private static void awaitEvents(TestSink sink, List<Event> expected) {
    awaitCount(sink, expected.size());
    assertThat(sink.events()).isEqualTo(expected);
    assertThat(sink.reason()).isNull();
  }

  private static void awaitEnd(TestSink sink, ErrorCode code) {
    soon().until(() -> sink.reason() != null);
    assertThat(Objects.requireNonNull(sink.reason()).code()).isEqualTo(code);
    assertThat(sink.violations()).isEmpty();
  }

  private static String text(@Nullable Entry entry) {
    return entry == null ? "" : entry.value().toUtf8();
  }
}
