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
import org.kvstore.server.model.KeyRange;

/** What becomes of a watch whose log cannot be read, or that gets no thread to deliver on. */
@Timeout(60)
class WatchFailureTest {
  /** So few that a handful of commits fall out. */
  private static final long FEW_BYTES = 2_000;

  @TempDir Path directory;

  private WatchedStore watched; // Set before each test.

  @BeforeEach
  void open() {
    watched = WatchedStore.create(directory.resolve("store"), Map.of("recentBytes", FEW_BYTES));
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
  void ready_logCannotBeReadForAWhile_watchGoesOnOnceItCan() {
    TestSink sink = watched.watch(WatchedStore.EVERYTHING, 0, 0);
    putMany();
    watched.log.fail();
    sink.take(TestSink.ENDLESS);
    awaitRefusals(3);
    assertThat(sink.reason()).isNull();

    watched.log.mend();

    sink.awaitEvents(watched.committed());
  }

  @Test
  void ready_entryBeforeCannotBeReadForAWhile_nothingIsLostOrDoubled() {
    Watch.Query query = new Watch.Query(KeyRange.ALL, true, true, true);
    TestSink sink = watched.watch(query, 0, TestSink.ENDLESS);
    watched.apply(Writes.put("a", "1"));
    sink.awaitCount(1);
    watched.log.fail();
    watched.apply(Writes.put("a", "2"), Writes.delete("a"));
    awaitRefusals(3);
    assertThat(sink.count()).isEqualTo(1);

    watched.log.mend();

    sink.awaitEvents(watched.committed());
  }

  @Test
  void ready_logFailsAgainLater_theWaitBeginsAnew() {
    reopen(Map.of("recentBytes", FEW_BYTES, "progressInterval", Duration.ofSeconds(2)));
    TestSink sink = watched.watch(WatchedStore.EVERYTHING, 0, 0);
    long end = System.nanoTime() + Duration.ofMillis(2_500).toNanos();
    while (System.nanoTime() < end) {
      putMany();
      watched.log.fail();
      int before = watched.log.refusals();
      sink.take(TestSink.ENDLESS);
      awaitRefusals(before + 1);
      watched.log.mend();
      sink.awaitEvents(watched.committed());
    }
  }

  @Test
  void ready_logCannotBeReadForLong_watchEndsAndItsPlaceIsFree() {
    reopen(Map.of("recentBytes", FEW_BYTES, "progressInterval", Duration.ofMillis(100)));
    TestSink sink = watched.watch(WatchedStore.EVERYTHING, 0, 0);
    putMany();
    watched.log.fail();

    sink.take(TestSink.ENDLESS);

    sink.awaitEnd(ErrorCode.UNAVAILABLE);
    assertThat(watched.hub.count()).isZero();
  }

  @Test
  void hubClosed_logCannotBeRead_watchEndsAtOnce() {
    TestSink sink = watched.watch(WatchedStore.EVERYTHING, 0, 0);
    putMany();
    watched.log.fail();
    sink.take(TestSink.ENDLESS);
    awaitRefusals(1);

    watched.hub.close();

    sink.awaitEnd(ErrorCode.UNAVAILABLE);
  }

  @Test
  void ready_noThreadTakesTheDelivery_watchEnds() {
    TestSink sink = watched.watch(WatchedStore.EVERYTHING, 0, 0);
    watched.shutDownLanes();

    sink.take(TestSink.ENDLESS);

    sink.awaitEnd(ErrorCode.UNAVAILABLE);
    assertThat(watched.hub.count()).isZero();
  }

  @Test
  void committed_noThreadTakesTheDelivery_watchEnds() {
    TestSink sink = watched.watch(WatchedStore.EVERYTHING, 0, TestSink.ENDLESS);
    watched.apply(Writes.put("a", "1"));
    sink.awaitCount(1);
    watched.shutDownLanes();

    watched.apply(Writes.put("a", "2"));

    sink.awaitEnd(ErrorCode.UNAVAILABLE);
  }

  @Test
  void open_hubIsClosedAndNoThreadTakesTheEnd_watchHasEnded() {
    watched.hub.close();
    watched.shutDownLanes();

    Watch watch = watched.hub.open(WatchedStore.EVERYTHING, 0, new TestSink());

    assertThat(watch.hasEnded()).isTrue();
  }

  @Test
  void lag_watchBeganAtACommitThatNobodyToldOfYet_isZero() {
    watched.close();
    watched = WatchedStore.withoutDispatcher(directory.resolve("other"));
    watched.applyUntold(Writes.put("a", "1"));

    watched.watch(WatchedStore.EVERYTHING, 1, 0);

    assertThat(watched.hub.lag()).isZero();
  }

  @Test
  void lag_watchesAreBehind_isThatOfTheSlowest() {
    watched.watch(WatchedStore.EVERYTHING, 0, 0);
    watched.apply(Writes.put("a", "1"), Writes.put("a", "2"));
    watched.watch(WatchedStore.EVERYTHING, 1, 0);

    assertThat(watched.hub.lag()).isEqualTo(2);
  }

  private void putMany() {
    for (int i = 0; i < 30; i++) {
      watched.apply(Writes.put("key " + i % 7, "value " + i));
    }
  }

  private void awaitRefusals(int count) {
    await().pollInterval(Duration.ofMillis(2)).until(() -> watched.log.refusals() >= count);
  }
}
