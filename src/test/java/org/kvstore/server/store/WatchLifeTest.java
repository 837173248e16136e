package org.kvstore.server.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.KeyRange;
import org.kvstore.server.model.Submission;
import org.kvstore.server.store.WatchSink.Delivery;

/** The life of a watch: how it begins, stalls, is woken, says how far it is, and ends. */
@Timeout(60)
class WatchLifeTest {
  private static final KeyRange A = KeyRange.ofPrefix(Bytes.ofUtf8("a"));

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
  void progress_nothingWantedHappens_saysHowFarItIs() {
    reopen(Map.of("progressInterval", Duration.ofMillis(20)));
    TestSink sink = watched.watch(new Watch.Query(A, true, true, false), 0, TestSink.ENDLESS);

    watched.apply(Writes.put("b", "1"), Writes.put("b", "2"));

    await().pollInterval(Duration.ofMillis(2)).until(() -> sink.progress().contains(2L));
    assertThat(sink.progress()).isSorted();
    assertThat(sink.count()).isZero();
  }

  @Test
  void progress_sinkIsNotReady_isSaidOnceItIs() {
    reopen(Map.of("progressInterval", Duration.ofMillis(20)));
    TestSink slow = watched.watch(WatchedStore.EVERYTHING, 0, 0);
    TestSink other = watched.watch(WatchedStore.EVERYTHING, 0, TestSink.ENDLESS);
    await().pollInterval(Duration.ofMillis(2)).until(() -> other.progress().size() >= 2);
    assertThat(slow.progress()).isEmpty();

    slow.take(TestSink.ENDLESS);

    await().pollInterval(Duration.ofMillis(2)).until(() -> !slow.progress().isEmpty());
  }

  @Test
  void close_moreIsCommitted_nothingComes() {
    TestSink sink = watched.watch(WatchedStore.EVERYTHING, 0, TestSink.ENDLESS);
    sink.watch().close();
    TestSink other = watched.watch(WatchedStore.EVERYTHING, 0, TestSink.ENDLESS);

    watched.apply(Writes.put("a", "1"));

    other.awaitCount(1);
    assertThat(sink.count()).isZero();
    assertThat(sink.reason()).isNull();
  }

  @Test
  void open_asManyAsThereMayBe_anotherHasToWaitForAClose() {
    reopen(Map.of("watches", 1));
    TestSink first = watched.watch(WatchedStore.EVERYTHING, 0, 0);
    assertThat(watched.refusal(0)).isEqualTo(ErrorCode.TOO_MANY_REQUESTS);

    first.watch().close();
    first.watch().close();

    watched.watch(WatchedStore.EVERYTHING, 0, 0);
    assertThat(watched.refusal(0)).isEqualTo(ErrorCode.TOO_MANY_REQUESTS);
  }

  @Test
  void hubClosed_everyWatchEnds() {
    TestSink stalled = watched.watch(WatchedStore.EVERYTHING, 0, 0);
    TestSink ready = watched.watch(WatchedStore.EVERYTHING, 0, TestSink.ENDLESS);

    watched.hub.close();

    stalled.awaitEnd(ErrorCode.UNAVAILABLE);
    ready.awaitEnd(ErrorCode.UNAVAILABLE);
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
      other.awaitCount(i);
    }
    assertThat(sink.violations()).isEmpty();

    sink.attach(watch);
    sink.take(TestSink.ENDLESS);

    sink.awaitEvents(watched.committed());
  }

  @Test
  void send_sinkFails_watchEndsAndItsPlaceIsFree() {
    reopen(Map.of("watches", 1, "progressInterval", Duration.ofMillis(1)));
    TestSink sink = watched.watch(WatchedStore.EVERYTHING, 0, TestSink.ENDLESS);

    sink.onProgress(
        revision -> {
          throw new IllegalStateException("The sink is broken.");
        });

    sink.awaitEnd(ErrorCode.INTERNAL);
    watched.watch(WatchedStore.EVERYTHING, 0, 0);
  }

  @Test
  void commitThatNobodyTellsOf_isNoticed() {
    TestSink sink = watched.watch(WatchedStore.EVERYTHING, 0, TestSink.ENDLESS);
    watched.apply(Writes.put("a", "1"));
    sink.awaitCount(1);

    watched.applyUntold(Writes.put("a", "2"));

    sink.awaitEvents(watched.committed());
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

    sink.awaitEvents(watched.committed());
    stalled.take(TestSink.ENDLESS);
    stalled.awaitEvents(watched.committed());
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
            watched.hub.round();
          }
        });
    watch.progressAfter(0, System.nanoTime());

    sink.take(TestSink.ENDLESS);

    sink.awaitCount(1);
    assertThat(sink.events()).isEqualTo(watched.committed());
  }

  @Test
  void ready_earlierEntriesOfOneRevisionAreLarge_eachSendIsBounded() {
    int valueBytes = 30_000;
    for (int i = 0; i < 200; i++) {
      watched.apply(Writes.put("key %03d".formatted(i), "x".repeat(valueBytes)));
    }
    watched.apply(Writes.deletePrefix(""));
    TestSink sink = new TestSink();
    sink.mayBeSentPartsOfRevisions();
    Watch.Query query = new Watch.Query(KeyRange.ALL, true, true, true);
    sink.attach(watched.hub.open(query, 200, sink));

    sink.take(TestSink.ENDLESS);

    sink.awaitEvents(watched.committedAfter(200));
    assertThat(sink.deliveries()).allMatch(delivery -> delivery.previous() != null);
    assertThat(sink.mostBytes()).isLessThan((64 << 10) + valueBytes);
  }

  @Test
  void ready_revisionIsLargerThanASend_itComesInPartsThatGoOnWhereTheyWere() {
    Submission[] puts = new Submission[20];
    for (int i = 0; i < puts.length; i++) {
      puts[i] = Writes.put("a" + (char) ('A' + i), "x".repeat(20_000));
    }
    watched.apply(puts);
    watched.apply(Writes.deletePrefix(""));
    watched.apply(Writes.put("b", "1"));
    TestSink sink = new TestSink();
    sink.mayBeSentPartsOfRevisions();
    Watch.Query query = new Watch.Query(KeyRange.ALL, true, true, true);
    sink.attach(watched.hub.open(query, 20, sink));

    int sends = 0;
    for (int before = -1; sink.count() < 21; sends++) {
      before = sink.count();
      sink.take(1);
      sink.awaitMoreThan(before);
    }

    assertThat(sends).isGreaterThan(5);
    sink.awaitEvents(watched.committedAfter(20));
    assertThat(sink.deliveries().stream().filter(Delivery::last)).hasSize(2);
  }
}
