package org.kvstore.server.shard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kvstore.server.model.Event;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.KeyRange;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Revisions;
import org.kvstore.server.store.Watch;
import org.kvstore.server.store.WatchSink.Delivery;

/** A watch over several shards. */
class SubscriptionTest {
  private static final Watch.Query EVERYTHING = new Watch.Query(KeyRange.ALL, true, true, false);

  @TempDir Path directory;

  private TestShards shards; // Set before each test.

  @BeforeEach
  void open() {
    shards = new TestShards(directory, 4);
  }

  @AfterEach
  void close() {
    shards.close();
  }

  @Test
  void everyChange_isDelivered_inTheOrderOfItsShard() {
    TestReader reader = new TestReader();
    Subscription all = watch(Revisions.of(0, 0, 0, 0), reader);
    all.ready();

    for (int i = 0; i < 300; i++) {
      shards.put("k" + i % 40, Integer.toString(i));
    }

    await().untilAsserted(() -> assertThat(reader.events).hasSize(300));
    reader.requireInOrder(shards.shards());
  }

  /**
   * Whoever comes back with any position that was handed out misses nothing, and sees none twice.
   */
  @Test
  void resumedFromEachPosition_nothingIsMissedOrDoubled() {
    TestReader first = new TestReader();
    watch(Revisions.of(0, 0, 0, 0), first).ready();
    for (int i = 0; i < 200; i++) {
      shards.put("k" + i % 17, Integer.toString(i));
    }
    await().untilAsserted(() -> assertThat(first.events).hasSize(200));
    Random random = new Random(3);

    for (int turn = 0; turn < 20; turn++) {
      int seen = random.nextInt(first.positions.size());
      TestReader second = new TestReader();
      try (Subscription resumed = watch(first.positions.get(seen), second)) {
        resumed.ready();
        int rest = 200 - seen - 1;
        await().untilAsserted(() -> assertThat(second.events).hasSize(rest));
      }
      List<String> together = new ArrayList<>(texts(first.events.subList(0, seen + 1)));
      together.addAll(texts(second.events));
      assertThat(together).containsExactlyInAnyOrderElementsOf(texts(first.events));
    }
  }

  @Test
  void reader_isAskedAndSentTo_byOneThreadAtATime() {
    TestReader reader = new TestReader();
    Subscription all = watch(Revisions.of(0, 0, 0, 0), reader);
    reader.room.set(0);
    all.ready();

    for (int i = 0; i < 200; i++) {
      shards.put("k" + i, "v");
      reader.room.incrementAndGet();
      all.ready();
    }

    await()
        .untilAsserted(
            () -> {
              reader.room.incrementAndGet();
              all.ready();
              assertThat(reader.events).hasSize(200);
            });
    assertThat(reader.violations).isEmpty();
    reader.requireInOrder(shards.shards());
  }

  @Test
  void watchOfOneShardEnds_allEndOnce_withItsReason() {
    TestReader reader = new TestReader();
    Subscription all = watch(Revisions.of(0, 0, 0, 0), reader);
    all.ready();

    shards.shards().data().get(2).watches().close();

    await().until(() -> !reader.ends.isEmpty());
    assertThat(all.hasEnded()).isTrue();
    await().untilAsserted(() -> assertThat(openWatches()).isZero());
    assertThat(reader.ends).hasSize(1);
  }

  @Test
  void opening_thatFailsAtOneShard_leavesNoWatchOpen() {
    TestReader reader = new TestReader();

    org.assertj.core.api.Assertions.assertThatThrownBy(
            () -> watch(Revisions.of(0, 0, 99, 0), reader))
        .isInstanceOf(KeyValueException.class);

    assertThat(openWatches()).isZero();
  }

  private int openWatches() {
    return shards.shards().data().stream().mapToInt(shard -> shard.watches().count()).sum();
  }

  private Subscription watch(@Nullable Revisions from, TestReader reader) {
    return Waiting.join(shards.shards().watch(EVERYTHING, from, reader, Long.MAX_VALUE, () -> {}));
  }

  private static List<String> texts(List<Event> events) {
    return events.stream().map(event -> event.key() + "@" + event.revision()).toList();
  }

  /** Takes what there is room for, and notes when two threads are with it at once. */
  private static final class TestReader implements Subscription.Reader {
    final List<Event> events = new CopyOnWriteArrayList<>();
    final List<Revisions> positions = new CopyOnWriteArrayList<>();
    final List<String> violations = new CopyOnWriteArrayList<>();
    final List<KeyValueException> ends = new CopyOnWriteArrayList<>();
    final AtomicInteger room = new AtomicInteger(Integer.MAX_VALUE / 2);
    private final AtomicInteger inside = new AtomicInteger();

    @Override
    public boolean isReady() {
      return room.get() > 0;
    }

    @Override
    public Runnable prepare(int shard, Revisions before, List<Delivery> deliveries) {
      return () -> {
        if (inside.incrementAndGet() > 1 || room.getAndDecrement() <= 0) {
          violations.add("It was sent to when it was not ready.");
        }
        Revisions at = before;
        for (Delivery delivery : deliveries) {
          at = at.with(shard, delivery.event().revision());
          events.add(delivery.event());
          positions.add(at);
        }
        inside.decrementAndGet();
      };
    }

    @Override
    public void progress(Revisions revisions) {}

    @Override
    public void end(KeyValueException reason) {
      ends.add(reason);
    }

    void requireInOrder(Shards shards) {
      Map<Integer, Long> newest = new HashMap<>();
      for (Event event : events) {
        Key key = event.key();
        Long before = newest.put(shards.of(key).number(), event.revision());
        assertThat(event.revision()).isGreaterThan(before == null ? 0 : before);
      }
    }
  }
}
