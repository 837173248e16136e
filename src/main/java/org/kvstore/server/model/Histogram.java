package org.kvstore.server.model;

import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.Stream;

/**
 * How often a quantity had which size, for whoever scrapes metrics: counts in fixed buckets and the
 * sum of everything.
 *
 * <p>Recording takes no lock and allocates nothing; it costs two adders, which threads seldom
 * share. It has one reader's problem only: of a record under way, the reader may see the count and
 * not yet the sum.
 */
public final class Histogram {
  private static final int NANOS = 9;
  private static final long MICRO = 1_000;
  private static final long MILLI = 1_000_000;
  private static final long SECOND = 1_000_000_000;

  /** From what a cache answers to what a client has given up on. */
  private static final long[] DURATIONS = {
    100 * MICRO,
    250 * MICRO,
    500 * MICRO,
    MILLI,
    5 * MILLI / 2,
    5 * MILLI,
    10 * MILLI,
    25 * MILLI,
    50 * MILLI,
    100 * MILLI,
    250 * MILLI,
    500 * MILLI,
    SECOND,
    5 * SECOND / 2,
    5 * SECOND,
    10 * SECOND
  };

  private static final long[] SIZES = {1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000};

  private final int decimals;
  private final long[] bounds;
  private final LongAdder[] counts;
  private final LongAdder sum = new LongAdder();

  private Histogram(int decimals, long[] bounds) {
    this.decimals = decimals;
    this.bounds = bounds;
    counts = Stream.generate(LongAdder::new).limit(bounds.length + 1).toArray(LongAdder[]::new);
  }

  /** Of durations: recorded in nanoseconds, shown in seconds. */
  public static Histogram ofDurations() {
    return new Histogram(NANOS, DURATIONS);
  }

  /** Of numbers of things. */
  public static Histogram ofSizes() {
    return new Histogram(0, SIZES);
  }

  /** What several of the same kind have counted until now, as one; at least one. */
  public static Histogram total(List<Histogram> parts) {
    Histogram total = new Histogram(parts.get(0).decimals, parts.get(0).bounds);
    for (Histogram part : parts) {
      for (int bucket = 0; bucket < part.counts.length; bucket++) {
        total.counts[bucket].add(part.counts[bucket].sum());
      }
      total.sum.add(part.sum());
    }
    return total;
  }

  /** Counts one more of this size. */
  public void record(long size) {
    int bucket = 0;
    while (bucket < bounds.length && size > bounds[bucket]) {
      bucket++;
    }
    counts[bucket].increment();
    sum.add(size);
  }

  /** Decimal places between what is recorded and what is shown: 9 for nanoseconds to seconds. */
  public int decimals() {
    return decimals;
  }

  /** How many bounded buckets there are; one more has what is above all of them. */
  public int buckets() {
    return bounds.length;
  }

  /** The largest size that belongs into a bucket. */
  public long bound(int bucket) {
    return bounds[bucket];
  }

  /** How many are in a bucket alone; the bucket after the last bounded one has what is above. */
  public long count(int bucket) {
    return counts[bucket].sum();
  }

  /** How many there are. */
  public long count() {
    long all = 0;
    for (LongAdder count : counts) {
      all += count.sum();
    }
    return all;
  }

  /** Their sizes added up. */
  public long sum() {
    return sum.sum();
  }
}
