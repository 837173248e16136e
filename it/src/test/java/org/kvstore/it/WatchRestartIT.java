package org.kvstore.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kvstore.it.support.Service.target;

import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kvstore.it.support.EventStream;
import org.kvstore.it.support.EventStream.ServerEvent;
import org.kvstore.it.support.RawRequest;
import org.kvstore.it.support.ServerProcess;
import org.kvstore.it.support.Service;

/**
 * A watch over the end of its server, be it in order or by {@code kill -9} under write load: the
 * client that resumes at the next server sees every acknowledged write once, in order.
 */
class WatchRestartIT {
  private static final int WRITERS = 4;
  private static final int WRITES_BEFORE_THE_END = 400;
  private static final String END = "w/end";

  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final Map<String, Integer> acknowledged = new ConcurrentHashMap<>();
  private final List<ServerEvent> seen = new ArrayList<>();
  private String position = "";

  @AfterEach
  void stop() {
    threads.shutdownNow();
  }

  @EnabledIfSystemProperty(named = "long", matches = "true")
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void serverEnds_watchResumesWithoutLossOrDoubling(boolean kill) {
    Path data = ServerProcess.directory("watch-restart");
    try (ServerProcess server = ServerProcess.ready(data)) {
      position = position(server.service());
      CompletableFuture<Void> watching =
          CompletableFuture.runAsync(() -> watch(server.service()), threads);
      List<CompletableFuture<Void>> writing = new ArrayList<>();
      for (int i = 0; i < WRITERS; i++) {
        String key = "w/" + i;
        writing.add(CompletableFuture.runAsync(() -> write(server.service(), key), threads));
      }
      org.awaitility.Awaitility.await()
          .until(() -> total() > WRITES_BEFORE_THE_END || watching.isDone());
      if (kill) {
        server.kill();
      } else {
        server.stop();
      }
      writing.forEach(CompletableFuture::join);
      watching.join();
    }
    try (ServerProcess server = ServerProcess.ready(data)) {
      server.service().put(target(END)).body("0").send().expect(201);
      watch(server.service());
    }
    requireEachOnceInOrder();
  }

  private void requireEachOnceInOrder() {
    Map<String, Integer> last = new HashMap<>();
    long revision = 0;
    for (ServerEvent event : seen) {
      assertThat(event.revision()).isGreaterThan(revision);
      revision = event.revision();
      int number = Integer.parseInt(event.value());
      assertThat(number).as(event.key()).isEqualTo(last.getOrDefault(event.key(), -1) + 1);
      last.put(event.key(), number);
    }
    acknowledged.forEach((key, number) -> assertThat(last.get(key)).isGreaterThanOrEqualTo(number));
  }

  /** Until the connection breaks, or the last key of all comes. */
  private void watch(Service service) {
    RawRequest request = service.get("/v1/watch?prefix=w/").header("Last-Event-ID", position);
    try (EventStream watch = EventStream.open(request)) {
      while (true) {
        ServerEvent event = watch.nextChange();
        seen.add(event);
        position = String.valueOf(event.id());
        if (event.key().equals(END)) {
          return;
        }
      }
    } catch (UncheckedIOException ended) {
      // As it should: the server has gone.
    }
  }

  private void write(Service service, String key) {
    try {
      for (int i = 0; ; i++) {
        if (service.put(target(key)).body(Integer.toString(i)).send().status() >= 300) {
          return;
        }
        acknowledged.put(key, i);
      }
    } catch (UncheckedIOException ended) {
      // The outcome of this write is not known, so it is not counted.
    }
  }

  private int total() {
    return acknowledged.values().stream().mapToInt(Integer::intValue).sum();
  }

  private static String position(Service service) {
    return service.get("/v1/kv?countOnly=true").send().expect(200).json().getString("position");
  }
}
