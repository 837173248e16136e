package org.kvstore.server.store;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.concurrent.locks.StampedLock;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Key;

/**
 * Which lock should guard the published view? Readers look entries up under the read lock, as
 * {@link Store#get} does; one writer swaps the view 2,000 times a second, as commits do. Run {@code
 * main}; the decision that came of it is {@code src/docs/decisions/0003-view-lock.md}.
 */
public final class ViewLockBenchmark {
  private static final int ENTRIES = 10_000;
  private static final long SWAP_NANOS = 500_000;
  private static final long WARM_UP_NANOS = 2_000_000_000L;
  private static final long WINDOW_NANOS = 3_000_000_000L;
  private static final int WINDOWS = 3;

  private final Database database;
  private final ReadWriteLock lock;
  private final LongAdder reads = new LongAdder();
  private final List<Long> waits = new ArrayList<>();
  private View published;
  private volatile boolean done;
  private volatile boolean measured;

  private ViewLockBenchmark(Database database, ReadWriteLock lock) {
    this.database = database;
    this.lock = lock;
    published = new View(database, 1, 0);
  }

  /** Prints one line for each lock, number of readers and window. */
  public static void main(String[] arguments) throws Exception {
    Path directory = Files.createTempDirectory("kvstore");
    try (Store store = Stores.create(directory)) {
      store.apply(
          IntStream.range(0, ENTRIES)
              .mapToObj(i -> Writes.put("key " + i, "x".repeat(100)))
              .toList());
    }
    System.out.println("lock readers reads/s swaps/s wait-p50-us wait-p99-us wait-max-us");
    try (Database database = Database.open(directory, Stores.options(directory), false)) {
      for (int readers : new int[] {2, 8}) {
        for (int window = 0; window < WINDOWS; window++) {
          measure(database, "stamped", readers, () -> new StampedLock().asReadWriteLock());
          measure(database, "reentrant", readers, ReentrantReadWriteLock::new);
          measure(database, "fair", readers, () -> new ReentrantReadWriteLock(true));
        }
      }
    }
    FileTrees.delete(directory);
  }

  private static void measure(
      Database database, String name, int readers, Supplier<ReadWriteLock> lock) throws Exception {
    ViewLockBenchmark run = new ViewLockBenchmark(database, lock.get());
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < readers; i++) {
      int seed = i;
      threads.add(new Thread(() -> run.read(seed)));
    }
    threads.add(new Thread(run::swap));
    threads.forEach(Thread::start);
    LockSupport.parkNanos(WARM_UP_NANOS);
    run.reads.reset();
    run.measured = true;
    long start = System.nanoTime();
    LockSupport.parkNanos(WINDOW_NANOS);
    long count = run.reads.sum();
    double seconds = (System.nanoTime() - start) / 1e9;
    run.done = true;
    for (Thread thread : threads) {
      thread.join();
    }
    run.published.release();
    long[] waits = run.waits.stream().mapToLong(Long::longValue).sorted().toArray();
    System.out.printf(
        "%s %d %.0f %.0f %d %d %d%n",
        name,
        readers,
        count / seconds,
        waits.length / seconds,
        waits[waits.length / 2] / 1_000,
        waits[waits.length * 99 / 100] / 1_000,
        Arrays.stream(waits).max().orElse(0) / 1_000);
  }

  private void read(int seed) {
    for (int i = seed; !done; i += 7) {
      Key key = new Key(Bytes.ofUtf8("key " + i % ENTRIES));
      lock.readLock().lock();
      try {
        published.get(key);
      } finally {
        lock.readLock().unlock();
      }
      reads.increment();
    }
  }

  private void swap() {
    while (!done) {
      View next = new View(database, 1, 0);
      long start = System.nanoTime();
      lock.writeLock().lock();
      View previous = published;
      published = next;
      lock.writeLock().unlock();
      if (measured) {
        waits.add(System.nanoTime() - start);
      }
      previous.release();
      LockSupport.parkNanos(SWAP_NANOS);
    }
  }
}
