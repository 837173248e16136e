package org.kvstore.it.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import org.kvstore.client.Entry;
import org.kvstore.client.KeyRange;
import org.kvstore.client.KeyValueClient;
import org.kvstore.client.Watch;
import org.kvstore.client.WatchEvent;
import org.kvstore.client.WatchOptions;

/**
 * A watch through the client, which is told of one node, begins there, and finds the others by
 * itself.
 */
final class ClientFollower implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  private final KeyValueClient client;
  private final Watch watch;
  private final List<Entry> seen = new CopyOnWriteArrayList<>();
  private final CompletableFuture<Void> reading;

  ClientFollower(URI node, String prefix) {
    client = KeyValueClient.builder(node).nodeRefresh(Duration.ofSeconds(1)).build();
    watch = client.watch(WatchOptions.prefix(prefix));
    // Beside a request it asks which other nodes there are.
    assertThat(client.count(KeyRange.prefix(prefix))).isNotNegative();
    reading = CompletableFuture.runAsync(this::read, task -> new Thread(task).start());
  }

  private void read() {
    try {
      watch.forEach(
          event -> {
            if (event instanceof WatchEvent.Changed changed) {
              seen.add(changed.entry());
            }
          });
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Waits until it has seen what it had not. */
  void awaitMore() {
    awaitSize(seen.size() + 1);
  }

  /** Waits until it has seen so many changes. */
  void awaitSize(int changes) {
    await()
        .atMost(PATIENCE)
        .until(() -> seen.size() >= changes || reading.isCompletedExceptionally());
    assertThat(reading).isNotCompletedExceptionally();
  }

  /** What a key became, in order. */
  List<String> values(String key) {
    return seen.stream().filter(entry -> entry.key().equals(key)).map(Entry::text).toList();
  }

  /** The keys of all changes but those of one key. */
  List<String> keysBut(String key) {
    return seen.stream().map(Entry::key).filter(each -> !each.equals(key)).toList();
  }

  @Override
  public void close() {
    watch.close();
    client.close();
  }
}
