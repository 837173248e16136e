package org.kvstore.it.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.kvstore.client.Entry;
import org.kvstore.client.KeyValueClient;

/**
 * Writes one new key after the other while things happen to a cluster: none of its writes may fail,
 * and none that was acknowledged may be missing at any node.
 */
final class Writer implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final int MORE = 20;
  private static final int NEWEST = 100;

  /** Else it takes the CPU from the nodes that are to start meanwhile. */
  private static final int PAUSE_MILLIS = 10;

  private final KeyValueClient client;
  private final String prefix;
  private final AtomicInteger written = new AtomicInteger();
  private final CompletableFuture<Void> writing;
  private volatile boolean ends;

  /** Begins, and waits until it is under way. */
  Writer(KeyValueClient client, String prefix) {
    this.client = client;
    this.prefix = prefix;
    writing = CompletableFuture.runAsync(this::write, task -> new Thread(task).start());
    awaitWrites();
  }

  private void write() {
    while (!ends) {
      client.put(key(written.get()), value(written.get()));
      written.incrementAndGet();
      pause();
    }
  }

  private static void pause() {
    try {
      TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Waits until more was written. */
  void awaitWrites() {
    int before = written.get();
    await().atMost(PATIENCE).until(() -> written.get() > before + MORE || writing.isDone());
    assertThat(writing).isNotCompletedExceptionally();
  }

  /** What was acknowledged is there, read at one node: listed, and the newest key by key. */
  void requireAll(Node at) {
    int all = written.get();
    try (KeyValueClient one = at.service().client()) {
      Map<String, String> listed =
          one.entries(prefix).collect(Collectors.toMap(Entry::key, Entry::text));
      for (int i = 0; i < all; i++) {
        assertThat(listed).containsEntry(key(i), value(i));
      }
      for (int i = Math.max(0, all - NEWEST); i < all; i++) {
        assertThat(one.get(key(i)).map(Entry::text)).as(key(i)).hasValue(value(i));
      }
    }
  }

  /** Ends it; fails if a write has failed. */
  @Override
  public void close() {
    ends = true;
    writing.join();
  }

  private String key(int number) {
    return prefix + number;
  }

  private static String value(int number) {
    return "v" + number;
  }
}
