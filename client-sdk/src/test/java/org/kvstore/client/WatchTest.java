package org.kvstore.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.kvstore.api.ErrorCode;
import org.kvstore.api.MediaTypes;

/** Watches over real sockets: what arrives, and that breaks neither lose nor double anything. */
class WatchTest {
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private final FakeServer server = new FakeServer();
  private final KeyValueClient kv = KeyValueClient.connect(server.uri().toString());

  @AfterEach
  void close() {
    kv.close();
    server.close();
  }

  private Watch watch() {
    return kv.watch(WatchOptions.prefix(""));
  }

  private static WatchEvent next(Watch watch) throws InterruptedException {
    return watch.next(PATIENCE).orElseThrow(() -> new AssertionError("nothing came in time"));
  }

  /** The next changes as {@code key@position}. */
  private static List<String> changes(Watch watch, int count) throws InterruptedException {
    List<String> changes = new ArrayList<>();
    while (changes.size() < count) {
      if (next(watch) instanceof WatchEvent.Changed changed) {
        changes.add(changed.key() + "@" + changed.position());
      }
    }
    return changes;
  }

  @Test
  void events_areTypedAndInOrder() throws InterruptedException {
    String previous = "\"prev\":{\"key\":\"b\",\"value\":\"old\",\"modRevision\":1},";
    server.watch().progress("p0").put("a", 1, "p1");
    server
        .watch()
        .send(
            FakeWatch.event("delete", "b", 2, "p2")
                .replace("\"reason\"", previous + "\"reason\"")
                .replace("client", "expired"));
    try (Watch watch = watch()) {
      assertThat(next(watch)).isEqualTo(new WatchEvent.Progress("p0"));
      WatchEvent.Changed put = (WatchEvent.Changed) next(watch);
      assertThat(put.type()).isEqualTo(Change.Type.PUT);
      assertThat(put.entry().text()).isEqualTo("1");
      assertThat(put.previous()).isNull();
      assertThat(put.reason()).isEqualTo(Change.Reason.CLIENT);
      WatchEvent.Changed delete = (WatchEvent.Changed) next(watch);
      assertThat(delete.type()).isEqualTo(Change.Type.DELETE);
      assertThat(delete.change().revision()).isEqualTo(2);
      assertThat(Objects.requireNonNull(delete.previous()).text()).isEqualTo("old");
      assertThat(delete.reason()).isEqualTo(Change.Reason.EXPIRED);
      assertThat(delete.position()).isEqualTo("p2");
    }
  }

  @Test
  void options_becomeTheQuery() {
    server.watch().progress("p0").end();
    kv.watch(WatchOptions.prefix("é/ &").from("x_1").withPrevious().only(Change.Type.PUT)).close();
    assertThat(server.requests())
        .first()
        .isEqualTo("GET /v1/watch?prefix=%C3%A9%2F%20%26&from=x_1&prev=true&filter=put");
    assertThat(server.watch().lastEventIds()).first().isEqualTo("x_1");
  }

  @Test
  void cutInMidRevision_neitherLosesNorDoubles() throws InterruptedException {
    server.watch().progress("p0").put("a", 1, "p1").put("b", 2).cut();
    server.watch().put("b", 2).put("c", 2, "p2");
    try (Watch watch = watch()) {
      assertThat(changes(watch, 3)).containsExactly("a@p1", "b@p2", "c@p2");
      assertThat(server.watch().lastEventIds()).containsExactly("", "p1");
    }
  }

  @Test
  void cutInMidEvent_neitherLosesNorDoubles() throws InterruptedException {
    String event = FakeWatch.event("put", "b", 2, "p2");
    server.watch().progress("p0").put("a", 1, "p1").send(event.substring(0, 60)).cut();
    server.watch().send(event);
    try (Watch watch = watch()) {
      assertThat(changes(watch, 2)).containsExactly("a@p1", "b@p2");
      assertThat(server.watch().lastEventIds()).containsExactly("", "p1");
    }
  }

  @Test
  void serviceEndsTheStream_goesOnAfterTheProgress() throws InterruptedException {
    server.watch().progress("p7").end().put("a", 8, "p8").end().put("b", 9, "p9");
    try (Watch watch = watch()) {
      assertThat(changes(watch, 2)).containsExactly("a@p8", "b@p9");
      assertThat(server.watch().lastEventIds()).containsExactly("", "p7", "p8");
    }
  }

  @Test
  void serviceIsUnavailableForAWhile_goesOn() throws InterruptedException {
    server.watch().progress("p0");
    try (Watch watch = watch()) {
      assertThat(next(watch)).isInstanceOf(WatchEvent.Progress.class);
      server.failNext(ErrorCode.UNAVAILABLE);
      server.answerNext(502, "text/html", "<h1>Bad Gateway</h1>");
      server.watch().end().put("a", 1, "p1");
      assertThat(changes(watch, 1)).containsExactly("a@p1");
      assertThat(server.requests()).hasSize(4);
    }
  }

  @Test
  void compactedEvent_endsTheWatch() throws InterruptedException {
    server.watch().progress("p0").put("a", 1);
    server.watch().send("event: compacted\ndata: {\"status\":410,\"code\":\"COMPACTED\"}\n\n");
    try (Watch watch = watch()) {
      assertThat(next(watch)).isInstanceOf(WatchEvent.Progress.class);
      assertThat(next(watch)).isInstanceOf(WatchEvent.Compacted.class);
      assertThatThrownBy(() -> watch.next(PATIENCE)).isInstanceOf(CompactedException.class);
      assertThatThrownBy(() -> watch.next(PATIENCE)).isInstanceOf(CompactedException.class);
    }
  }

  @Test
  void compactedAtTheBeginning_isAnEvent() throws InterruptedException {
    server.failNext(ErrorCode.COMPACTED);
    List<WatchEvent> events = new ArrayList<>();
    try (Watch watch = kv.watch(WatchOptions.key("a").from("old"))) {
      watch.forEach(events::add);
    }
    assertThat(events).singleElement().isInstanceOf(WatchEvent.Compacted.class);
  }

  @Test
  void compactedBetweenConnections_isAnEvent() throws InterruptedException {
    server.watch().progress("p0");
    try (Watch watch = watch()) {
      assertThat(next(watch)).isInstanceOf(WatchEvent.Progress.class);
      server.failNext(ErrorCode.COMPACTED);
      server.watch().end();
      assertThat(next(watch)).isInstanceOf(WatchEvent.Compacted.class);
    }
  }

  @Test
  void firstConnectionFails_isThrown() {
    server.failNext(ErrorCode.REQUEST_INVALID);
    assertThatThrownBy(this::watch).isInstanceOf(InvalidRequestException.class);
    server.answerNext(200, "text/html", "<h1>Welcome</h1>");
    assertThatThrownBy(this::watch).hasMessageContaining("text/html");
  }

  @Test
  void laterConnectionIsRefused_isThrownOnce_more() throws InterruptedException {
    server.watch().progress("p0");
    try (Watch watch = watch()) {
      assertThat(next(watch)).isInstanceOf(WatchEvent.Progress.class);
      server.failNext(ErrorCode.FORBIDDEN);
      server.watch().end();
      assertThatThrownBy(() -> watch.next(PATIENCE)).hasMessageContaining("FORBIDDEN");
      assertThatThrownBy(() -> watch.next(PATIENCE)).hasMessageContaining("FORBIDDEN");
    }
  }

  @Test
  void malformedEvent_isThrown() throws InterruptedException {
    server.watch().progress("p0").send("event: put\nid: p1\ndata: {\n\n");
    try (Watch watch = watch()) {
      assertThat(next(watch)).isInstanceOf(WatchEvent.Progress.class);
      assertThatThrownBy(() -> watch.next(PATIENCE)).hasMessageContaining("not valid JSON");
    }
  }

  @Test
  void nothingHappens_nextIsEmpty() throws InterruptedException {
    server.watch().progress("p0");
    try (Watch watch = watch()) {
      assertThat(next(watch)).isInstanceOf(WatchEvent.Progress.class);
      assertThat(watch.next(Duration.ofMillis(1))).isEmpty();
    }
  }

  @Test
  void close_endsWaitingConsumersAndTheReader() throws InterruptedException {
    server.watch().progress("p0");
    CompletableFuture<Thread> reader = new CompletableFuture<>();
    Watch watch =
        kv.watch(
            WatchOptions.prefix(""),
            task -> {
              Thread thread = new Thread(task, "reader");
              reader.complete(thread);
              thread.start();
            });
    assertThat(next(watch)).isInstanceOf(WatchEvent.Progress.class);
    CompletableFuture<Void> consumer = CompletableFuture.runAsync(() -> consume(watch));
    CompletableFuture<WatchEvent> other = CompletableFuture.supplyAsync(() -> take(watch));
    watch.close();
    consumer.join();
    assertThatThrownBy(other::join)
        .isInstanceOf(CompletionException.class)
        .hasCauseInstanceOf(IllegalStateException.class);
    await().until(() -> !reader.join().isAlive());
    assertThatThrownBy(() -> watch.next(PATIENCE)).isInstanceOf(IllegalStateException.class);
  }

  private static void consume(Watch watch) {
    try {
      watch.forEach(event -> {});
    } catch (InterruptedException interrupted) {
      throw new CompletionException(interrupted);
    }
  }

  private static WatchEvent take(Watch watch) {
    try {
      return next(watch);
    } catch (InterruptedException interrupted) {
      throw new CompletionException(interrupted);
    }
  }

  @Test
  void longRevision_largerThanTheBuffer_arrivesWhole() throws InterruptedException {
    int size = 3 * Watch.MAX_BUFFERED;
    for (int i = 1; i < size; i++) {
      server.watch().put("k" + i, 5);
    }
    server.watch().put("k" + size, 5, "p5");
    try (Watch watch = watch()) {
      assertThat(changes(watch, size)).hasSize(size).doesNotHaveDuplicates();
    }
  }

  @Test
  void problemOfTheService_isRead() {
    server.answerNext(429, MediaTypes.PROBLEM, "{\"status\":429,\"code\":\"TOO_MANY_REQUESTS\"}");
    assertThatThrownBy(this::watch).isInstanceOf(TooManyRequestsException.class);
  }
}
