package org.kvstore.client;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.kvstore.api.ErrorCode;

/** A node of three dies, and others falter, under the writes of many threads. */
class ClusterStoryTest {
  private static final int WRITES = 1000;
  private static final int THREADS = 8;
  private static final int DEATH = 300;

  @Test
  void nodeDiesUnderWrites_allSucceed_noneIsAppliedTwice() throws InterruptedException {
    Queue<RuntimeException> failures = new ConcurrentLinkedQueue<>();
    AtomicInteger next = new AtomicInteger();
    CountDownLatch over = new CountDownLatch(THREADS);
    ExecutorService threads = Executors.newFixedThreadPool(THREADS);
    try (FakeCluster cluster = new FakeCluster(3);
        KeyValueClient kv = cluster.client().build()) {
      for (int i = 0; i < 20; i++) {
        cluster.node(1).breakAfterDoing().answer(ErrorCode.UNAVAILABLE, "0").breakBeforeDoing();
      }
      for (int i = 0; i < THREADS; i++) {
        threads.execute(
            () -> {
              for (int n = next.getAndIncrement(); n < WRITES; n = next.getAndIncrement()) {
                if (n == DEATH) {
                  cluster.node(0).stop();
                }
                write(kv, n, failures);
              }
              over.countDown();
            });
      }
      assertThat(over.await(2, TimeUnit.MINUTES)).isTrue();
      assertThat(failures).isEmpty();
      assertThat(cluster.store().range("")).hasSize(WRITES);
      assertThat(cluster.store().range("").values()).allMatch(entry -> entry.version() == 1);
      assertThat(cluster.store().revision()).isEqualTo(WRITES);
    } finally {
      threads.shutdownNow();
    }
  }

  /** On the condition that nobody has written it: a write that was applied twice would fail. */
  private static void write(KeyValueClient kv, int n, Queue<RuntimeException> failures) {
    try {
      kv.put("key-" + n, "x", PutOptions.ifAbsent());
    } catch (RuntimeException failed) {
      failures.add(failed);
    }
  }
}
