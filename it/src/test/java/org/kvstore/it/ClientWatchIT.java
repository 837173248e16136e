package org.kvstore.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.kvstore.client.CompactedException;
import org.kvstore.client.KeyRange;
import org.kvstore.client.KeyValueClient;
import org.kvstore.client.ListOptions;
import org.kvstore.client.Watch;
import org.kvstore.client.WatchEvent;
import org.kvstore.client.WatchOptions;
import org.kvstore.it.support.ServerProcess;

/**
 * The typed client's watch over the end of its server. While the server is out of the watch's
 * reach, at another port, others write on; when it is back, the watch goes on by itself.
 */
class ClientWatchIT {
  private static final String KEY = "w/key";
  private static final int WRITES = 300;
  private static final Duration PATIENCE = Duration.ofMinutes(1);

  private final Path data = ServerProcess.directory("client-watch");
  private int written;

  @EnabledIfSystemProperty(named = "long", matches = "true")
  @Test
  void watch_goesOnAfterARestart_withoutGap() throws Exception {
    ServerProcess first = ServerProcess.ready(data);
    try (KeyValueClient client = first.service().client();
        Watch watch = client.watch(WatchOptions.prefix("w/"))) {
      write(first);
      first.kill();
      elsewhere(this::write);
      try (ServerProcess again = restart(first)) {
        write(again);
        assertThat(values(watch)).containsExactlyElementsOf(numbers(1, 3 * WRITES));
      }
    } finally {
      first.close();
    }
  }

  @Test
  @EnabledIfSystemProperty(named = "long", matches = "true")
  void watch_whoseChangesAreCompacted_endsWithWordOfIt() throws Exception {
    ServerProcess first = ServerProcess.ready(data);
    try (KeyValueClient client = first.service().client();
        Watch watch = client.watch(WatchOptions.prefix("w/"))) {
      write(first);
      assertThat(values(watch)).hasSize(WRITES);
      first.stop();
      elsewhere(
          server -> {
            write(server);
            try (KeyValueClient other = server.service().client()) {
              assertThat(other.compact()).isGreaterThan(WRITES);
            }
          });
      try (ServerProcess again = restart(first)) {
        assertThat(nextButProgress(watch)).isInstanceOf(WatchEvent.Compacted.class);
        assertThatThrownBy(() -> watch.next(PATIENCE)).isInstanceOf(CompactedException.class);
        requireFreshStart(again);
      }
    } finally {
      first.close();
    }
  }

  /** What the contract tells a watcher to do then: list, and watch from there. */
  private void requireFreshStart(ServerProcess server) throws InterruptedException {
    try (KeyValueClient client = server.service().client()) {
      var page = client.list(KeyRange.prefix("w/"), ListOptions.defaults());
      assertThat(page.entries()).singleElement().matches(e -> e.text().equals("" + written));
      try (Watch watch = client.watch(WatchOptions.key(KEY).from(page.position()))) {
        write(server);
        assertThat(values(watch)).hasSize(WRITES).startsWith("" + (2 * WRITES + 1));
      }
    }
  }

  private void elsewhere(Consumer<ServerProcess> story) {
    try (ServerProcess server = ServerProcess.ready(data)) {
      story.accept(server);
    }
  }

  private ServerProcess restart(ServerProcess earlier) {
    String port = Integer.toString(earlier.service().port());
    return ServerProcess.ready(data, Map.of(ServerProcess.HTTP_PORT, port));
  }

  private void write(ServerProcess server) {
    try (KeyValueClient client = server.service().client()) {
      for (int i = 0; i < WRITES; i++) {
        client.put(KEY, "" + ++written);
      }
    }
  }

  /** The values up to the newest write. */
  private List<String> values(Watch watch) throws InterruptedException {
    List<String> values = new ArrayList<>();
    while (!values.contains("" + written)) {
      if (nextButProgress(watch) instanceof WatchEvent.Changed changed) {
        values.add(changed.entry().text());
      }
    }
    return values;
  }

  private static WatchEvent nextButProgress(Watch watch) throws InterruptedException {
    WatchEvent event;
    do {
      event = watch.next(PATIENCE).orElseThrow();
    } while (event instanceof WatchEvent.Progress);
    return event;
  }

  private static List<String> numbers(int from, int to) {
    return IntStream.rangeClosed(from, to).mapToObj(Integer::toString).toList();
  }
}
