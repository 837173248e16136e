package org.kvstore.server.replication;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.KeyRange;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.ListQuery;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.model.Page;
import org.kvstore.server.store.EntryScan;
import org.kvstore.server.store.Store;
import org.kvstore.server.store.Stores;
import org.kvstore.server.store.Writes;

/** Many threads at once on one engine: what no interleaving may break. */
@Timeout(120)
class EngineConcurrencyTest {
  private static final int WRITERS = 32;
  private static final ListQuery EVERYTHING =
      new ListQuery(KeyRange.ALL, false, 1_000, Long.MAX_VALUE, false, null, Bytes.EMPTY, 0, null);

  @TempDir Path directory;

  @Test
  void thirtyTwoThreadsIncrementByCompareAndSet_reachExactlyTheSum() throws Exception {
    int increments = 15;
    try (Engine engine = Engine.create(directory)) {
      inParallel(
          WRITERS,
          writer -> {
            for (int i = 0; i < increments; i++) {
              increment(engine);
            }
          });
      assertThat(engine.valueOf("sum")).isEqualTo(String.valueOf(WRITERS * increments));
      assertThat(engine.store.revision()).isEqualTo(WRITERS * increments);
    }
  }

  @Test
  void readersDuringWrites_neverSeeARevisionGoBackwards() throws Exception {
    try (Engine engine = Engine.create(directory)) {
      AtomicBoolean done = new AtomicBoolean();
      inParallel(
          8,
          thread -> {
            if (thread < 4) {
              for (int i = 0; i < 80; i++) {
                engine.apply(Writes.put("key", thread + "-" + i));
              }
              done.set(true);
              return;
            }
            long seen = 0;
            while (!done.get()) {
              Entry entry = engine.store.get(Key.of("key"));
              long revision = entry == null ? 0 : entry.modRevision();
              assertThat(revision).isGreaterThanOrEqualTo(seen);
              seen = engine.store.revision();
              assertThat(seen).isGreaterThanOrEqualTo(revision);
            }
          });
    }
  }

  @Test
  void acknowledgedWrite_isSeenByTheReadThatFollows() throws Exception {
    try (Engine engine = Engine.create(directory)) {
      inParallel(
          16,
          thread -> {
            for (int i = 0; i < 50; i++) {
              engine.apply(Writes.put("key " + thread, "" + i));
              assertThat(engine.valueOf("key " + thread)).isEqualTo("" + i);
            }
          });
    }
  }

  @Test
  void listingsDuringWrites_showOnePointInTime() throws Exception {
    // One thread writes a, then b, then deletes both in one revision. So b is never without a.
    try (Engine engine = Engine.create(directory)) {
      AtomicBoolean done = new AtomicBoolean();
      AtomicLong listings = new AtomicLong();
      inParallel(
          5,
          thread -> {
            if (thread == 0) {
              for (int i = 0; i < 80; i++) {
                engine.apply(Writes.put("pair/a", "" + i));
                engine.apply(Writes.put("pair/b", "" + i));
                engine.apply(Writes.deletePrefix("pair/"));
              }
              done.set(true);
              return;
            }
            while (!done.get()) {
              assertOnePointInTime(engine.store.list(EVERYTHING).entries());
              try (EntryScan scan = engine.store.scan(KeyRange.ALL)) {
                assertOnePointInTime(scan.entries());
              }
              listings.incrementAndGet();
            }
          });
      assertThat(listings).hasPositiveValue();
    }
  }

  @Test
  void pagesOfAPinnedRevision_joinedShowThatRevisionWhileWritesGoOn() throws Exception {
    try (Engine engine = Engine.create(directory)) {
      for (int i = 0; i < 40; i++) {
        engine.apply(Writes.put("key " + (char) ('A' + i), "before"));
      }
      AtomicBoolean done = new AtomicBoolean();
      inParallel(
          3,
          thread -> {
            if (thread == 0) {
              for (int round = 0; round < 30; round++) {
                assertThat(joinedPages(engine.store)).isEqualTo(40);
              }
              done.set(true);
              return;
            }
            for (int i = 0; !done.get(); i++) {
              String key = "key " + (char) ('A' + i % 40);
              engine.apply(Writes.put(key, thread + " " + i));
            }
          });
    }
  }

  @Test
  void closeDuringReads_eachReadIsRightOrUnavailable() throws Exception {
    for (int round = 0; round < (Boolean.getBoolean("long") ? 200 : 12); round++) {
      Store store = Stores.create(directory.resolve("round " + round));
      store.apply(IntStream.range(0, 200).mapToObj(i -> Writes.put("key " + i, "v")).toList());
      CountDownLatch reading = new CountDownLatch(12);
      inParallel(
          13,
          thread -> {
            if (thread == 12) {
              reading.await();
              store.close();
              return;
            }
            readUntilUnavailable(store, thread, reading);
          });
      assertThat(catchCode(store::revision)).isEqualTo(ErrorCode.UNAVAILABLE);
    }
  }

  @Test
  void closeWithAScanLeftOpen_endsTheScan() {
    Store store = Stores.create(directory);
    store.apply(IntStream.range(0, 1_500).mapToObj(i -> Writes.put("key " + i, "v")).toList());
    try (EntryScan scan = store.scan(KeyRange.ALL)) {
      assertThat(store.statistics().pinnedViews()).isEqualTo(1);
      store.close();

      assertThat(catchCode(scan::advance)).isEqualTo(ErrorCode.UNAVAILABLE);
    }
  }

  @Test
  void closeDuringWrites_whatWasAcknowledgedIsThereAfterwards() throws Exception {
    AtomicLong[] acknowledged = new AtomicLong[8];
    Engine engine = Engine.create(directory);
    CountDownLatch writing = new CountDownLatch(8);
    inParallel(
        9,
        thread -> {
          if (thread == 8) {
            writing.await();
            engine.close();
            return;
          }
          acknowledged[thread] = new AtomicLong();
          boolean refused = false;
          while (!refused) {
            var result =
                engine.submit(Writes.put("key " + thread, "" + (acknowledged[thread].get() + 1)));
            Outcome outcome = result.exceptionally(failure -> new Outcome.Missing()).join();
            refused = !(outcome instanceof Outcome.Written);
            if (!refused && acknowledged[thread].incrementAndGet() == 5) {
              writing.countDown();
            }
          }
        });
    try (Store store = Stores.open(directory)) {
      for (int thread = 0; thread < 8; thread++) {
        Entry entry = Objects.requireNonNull(store.get(Key.of("key " + thread)));
        assertThat(entry.value().toUtf8()).isEqualTo("" + acknowledged[thread].get());
      }
    }
  }

  private static void increment(Engine engine) {
    Outcome outcome;
    do {
      Entry read = engine.store.get(Key.of("sum"));
      int sum = read == null ? 0 : Integer.parseInt(read.value().toUtf8());
      outcome =
          engine.apply(Writes.put("sum", Bytes.ofUtf8("" + (sum + 1)), Writes.unchanged(read)));
    } while (!(outcome instanceof Outcome.Written));
  }

  private static void assertOnePointInTime(List<Entry> entries) {
    List<String> keys = entries.stream().map(entry -> entry.key().text()).toList();
    assertThat(keys).isIn(List.of(), List.of("pair/a"), List.of("pair/a", "pair/b"));
    if (entries.size() == 2) {
      assertThat(entries.get(0).value()).isEqualTo(entries.get(1).value());
    }
  }

  private static int joinedPages(Store store) {
    int count = 0;
    Page page = store.list(page(0, null));
    long revision = page.revision();
    while (true) {
      for (Entry entry : page.entries()) {
        assertThat(entry.modRevision()).isLessThanOrEqualTo(revision);
        assertThat(entry).isEqualTo(store.getAt(entry.key(), revision));
        count++;
      }
      if (page.last() == null) {
        return count;
      }
      page = store.list(page(revision, page.last()));
    }
  }

  private static ListQuery page(long revision, @Nullable Bytes after) {
    return new ListQuery(
        KeyRange.ALL, false, 7, Long.MAX_VALUE, false, null, Bytes.EMPTY, revision, after);
  }

  private static void readUntilUnavailable(Store store, int thread, CountDownLatch reading) {
    ErrorCode code = null;
    for (int i = 0; code == null; i++) {
      if (i == 1) {
        reading.countDown();
      }
      code =
          catchCode(
              () -> {
                switch (thread % 4) {
                  case 0 -> assertThat(store.get(Key.of("key 7"))).isNotNull();
                  case 1 -> assertThat(store.list(EVERYTHING).entries()).hasSize(200);
                  case 2 -> assertThat(store.count(KeyRange.ALL, 100).keys()).isEqualTo(100);
                  default -> {
                    try (EntryScan scan = store.scan(KeyRange.ALL)) {
                      assertThat(scan.entries()).hasSize(200);
                    }
                  }
                }
              });
    }
    assertThat(code).isEqualTo(ErrorCode.UNAVAILABLE);
  }

  private static @Nullable ErrorCode catchCode(Runnable read) {
    try {
      read.run();
      return null;
    } catch (KeyValueException e) {
      return e.code();
    }
  }

  /** A part of a test that one thread plays. */
  @FunctionalInterface
  private interface Part {
    void play(int thread) throws Exception;
  }

  private static void inParallel(int threads, Part part) throws Exception {
    ExecutorService pool = Executors.newFixedThreadPool(threads);
    try {
      List<Future<?>> parts = new ArrayList<>();
      for (int i = 0; i < threads; i++) {
        int thread = i;
        parts.add(
            pool.submit(
                () -> {
                  part.play(thread);
                  return null;
                }));
      }
      for (Future<?> played : parts) {
        played.get();
      }
    } finally {
      pool.shutdownNow();
    }
  }
}
