package org.kvstore.server.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class HistogramTest {
  private static final int THREADS = 4;
  private static final int RECORDS = 20_000;

  private final Histogram sizes = Histogram.ofSizes();

  @Test
  void record_sizeOfABound_isInTheBucketOfThatBound() {
    for (int bucket = 0; bucket < sizes.buckets(); bucket++) {
      sizes.record(sizes.bound(bucket));
      assertThat(sizes.count(bucket)).isEqualTo(1);
    }
    assertThat(sizes.count()).isEqualTo(sizes.buckets());
  }

  @Test
  void record_sizeAboveABound_isInTheBucketAfterIt() {
    for (int bucket = 0; bucket < sizes.buckets(); bucket++) {
      sizes.record(sizes.bound(bucket) + 1);
      assertThat(sizes.count(bucket + 1)).isEqualTo(1);
    }
    assertThat(sizes.count(0)).isZero();
  }

  @Test
  void bounds_rise() {
    for (Histogram histogram : new Histogram[] {sizes, Histogram.ofDurations()}) {
      assertThat(IntStream.range(0, histogram.buckets()).mapToLong(histogram::bound).boxed())
          .isSorted()
          .doesNotHaveDuplicates();
    }
  }

  @Test
  void record_byManyThreads_losesNothing() throws InterruptedException {
    ExecutorService threads = Executors.newFixedThreadPool(THREADS);
    for (int thread = 0; thread < THREADS; thread++) {
      threads.execute(() -> IntStream.range(0, RECORDS).forEach(sizes::record));
    }
    threads.shutdown();
    assertThat(threads.awaitTermination(1, TimeUnit.MINUTES)).isTrue();

    assertThat(sizes.count()).isEqualTo(THREADS * RECORDS);
    assertThat(sizes.sum()).isEqualTo(THREADS * (RECORDS * (RECORDS - 1L) / 2));
  }
}
