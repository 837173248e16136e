package org.kvstore.server.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Event;
import org.kvstore.server.model.KeyRange;
import org.kvstore.server.model.Submission;

/** Watches of every pace while several threads write: each sees exactly what was committed. */
@Timeout(120)
class WatchStressTest {
  private static final int WRITERS = 4;

  @TempDir(factory = MemoryTempDir.class)
  Path directory;

  private static final int MOST_OBSERVERS = 40;

  private record Observer(TestSink sink, Watch.Query query, long after) {}

  /** Memory is so small that watches fall out of it, read from disk, and catch up, all the time. */
  @ParameterizedTest(name = "seed {0}")
  @ValueSource(longs = {1, 2, 3, 4, 5, 6})
  void readinessComesAndGoes_switchingBetweenDiskAndMemory_losesAndDoublesNothing(long seed)
      throws Exception {
    try (WatchedStore watched =
        WatchedStore.create(
            directory, Map.of("recentBytes", 6_000L, "progressInterval", Duration.ofMillis(5)))) {
      List<Observer> observers = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        observers.add(observe(watched, WatchedStore.EVERYTHING, 0, i == 0 ? TestSink.ENDLESS : 0));
      }
      Random random = new Random(seed);
      List<Thread> writers = write(watched, seed, 300);
      while (writers.stream().anyMatch(Thread::isAlive)) {
        observers.get(1 + random.nextInt(7)).sink().take(random.nextInt(3));
        if (observers.size() < MOST_OBSERVERS && random.nextInt(20) == 0) {
          long after = random.nextInt((int) watched.store.revision() + 1);
          observers.add(observe(watched, WatchedStore.EVERYTHING, after, TestSink.ENDLESS));
        }
        Thread.onSpinWait();
      }
      join(writers);
      requireEverything(watched, observers);
    }
  }

  @Test
  void twoHundredWatchesAndFourWriters_eachSeesItsEventsInOrder() throws Exception {
    try (WatchedStore watched = WatchedStore.create(directory, Map.of("recentBytes", 60_000L))) {
      List<Observer> observers = new ArrayList<>();
      for (int i = 0; i < 200; i++) {
        KeyRange range = KeyRange.ofPrefix(Bytes.ofUtf8(i % 10 == 0 ? "" : "key " + i % 10));
        Watch.Query query = new Watch.Query(range, i % 3 != 1, i % 3 != 2, i % 7 == 0);
        observers.add(observe(watched, query, 0, i % 5 == 0 ? 1 : TestSink.ENDLESS));
      }
      join(write(watched, 1, 250));
      requireEverything(watched, observers);
    }
  }

  @Test
  void commitsThatNobodyTellsOf_amongOthers_areDeliveredToo() throws Exception {
    try (WatchedStore watched = WatchedStore.create(directory, Map.of("recentBytes", 20_000L))) {
      List<Observer> observers = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        observers.add(observe(watched, WatchedStore.EVERYTHING, 0, TestSink.ENDLESS));
      }
      Random random = new Random(1);
      for (int i = 0; i < 500; i++) {
        if (random.nextInt(10) == 0) {
          watched.applyUntold(Writes.put("key " + random.nextInt(10), "untold"));
        } else {
          watched.apply(Writes.put("key " + random.nextInt(10), "told"));
        }
      }
      requireEverything(watched, observers);
    }
  }

  private static Observer observe(WatchedStore watched, Watch.Query query, long after, int sends) {
    return new Observer(watched.watch(query, after, sends), query, after);
  }

  private static List<Thread> write(WatchedStore watched, long seed, int commits) {
    List<Thread> writers = new ArrayList<>();
    for (int writer = 0; writer < WRITERS; writer++) {
      Random random = new Random(seed * 1_000 + writer);
      Thread thread =
          new Thread(
              () -> {
                for (int i = 0; i < commits; i++) {
                  watched.apply(group(random));
                }
              });
      thread.start();
      writers.add(thread);
    }
    return writers;
  }

  private static Submission[] group(Random random) {
    Submission[] group = new Submission[1 + random.nextInt(4)];
    for (int i = 0; i < group.length; i++) {
      String key = "key " + random.nextInt(10) + random.nextInt(4);
      group[i] =
          switch (random.nextInt(8)) {
            case 0 -> Writes.delete(key);
            case 1 -> Writes.deletePrefix(key.substring(0, 5));
            default -> Writes.put(key, "x".repeat(random.nextInt(60)));
          };
    }
    return group;
  }

  private static void join(List<Thread> threads) throws InterruptedException {
    for (Thread thread : threads) {
      thread.join();
    }
  }

  private static void requireEverything(WatchedStore watched, List<Observer> observers) {
    observers.forEach(observer -> observer.sink().take(TestSink.ENDLESS));
    AtomicInteger number = new AtomicInteger();
    for (Observer observer : observers) {
      List<Event> expected =
          watched.committedAfter(observer.after()).stream()
              .filter(observer.query()::wants)
              .toList();
      TestSink sink = observer.sink();
      await()
          .pollDelay(Duration.ZERO)
          .atMost(Duration.ofSeconds(20))
          .until(() -> sink.count() >= expected.size());
      assertThat(sink.events()).as("watch %d", number.getAndIncrement()).isEqualTo(expected);
      assertThat(sink.violations()).isEmpty();
      assertThat(sink.reason()).isNull();
    }
  }
}
