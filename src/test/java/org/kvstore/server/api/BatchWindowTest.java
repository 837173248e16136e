package org.kvstore.server.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.kvstore.server.api.BatchWindow.Line;

@Timeout(20)
class BatchWindowTest {
  private static final int LINES = 3;
  private static final long BYTES = 100;

  private final AtomicInteger maxLines = new AtomicInteger(LINES);
  private final BatchWindow window = new BatchWindow(maxLines::get, BYTES);

  @Test
  void add_asManyLinesAsItHolds_waitsForRoom() throws Exception {
    for (int i = 0; i < LINES; i++) {
      assertThat(window.add(line(1))).isTrue();
    }
    CompletableFuture<Boolean> added = addInBackground(line(1));
    assertWaits(added);

    window.removeFirst();
    assertThat(added.get()).isTrue();
  }

  @Test
  void add_asManyBytesAsItHolds_waitsForRoom() throws Exception {
    window.add(line(BYTES));
    CompletableFuture<Boolean> added = addInBackground(line(1));
    assertWaits(added);

    window.removeFirst();
    assertThat(added.get()).isTrue();
  }

  @Test
  void add_whenItHoldsLessThanBefore_waitsUntilFewerLinesAreLeft() throws Exception {
    window.add(line(1));
    window.add(line(1));
    maxLines.set(1);
    CompletableFuture<Boolean> added = addInBackground(line(1));
    window.removeFirst();
    assertWaits(added);

    window.removeFirst();
    assertThat(added.get()).isTrue();
  }

  @Test
  void add_whenItHoldsMoreAgain_goesOnWithTheNextLineTaken() throws Exception {
    window.add(line(1));
    window.add(line(1));
    maxLines.set(1);
    CompletableFuture<Boolean> added = addInBackground(line(1));
    assertWaits(added);

    maxLines.set(LINES);
    window.removeFirst();
    assertThat(added.get()).isTrue();
  }

  @Test
  void abandon_endsWhoeverWaitsForRoom() throws Exception {
    window.add(line(BYTES));
    CompletableFuture<Boolean> added = addInBackground(line(1));
    assertWaits(added);

    window.abandon();
    assertThat(added.get()).isFalse();
    window.awaitEmpty();
  }

  @Test
  void first_atTheEnd_isNullOnceAllWereTaken() throws Exception {
    Line only = line(1);
    window.add(only);
    window.end();

    assertThat(window.first()).isSameAs(only);
    window.removeFirst();
    assertThat(window.first()).isNull();
  }

  private CompletableFuture<Boolean> addInBackground(Line line) {
    CompletableFuture<Boolean> added = new CompletableFuture<>();
    Thread thread =
        new Thread(
            () -> {
              try {
                added.complete(window.add(line));
              } catch (InterruptedException e) {
                added.completeExceptionally(e);
              }
            });
    thread.setDaemon(true);
    thread.start();
    return added;
  }

  private static void assertWaits(CompletableFuture<Boolean> added) {
    assertThatThrownBy(() -> added.get(100, TimeUnit.MILLISECONDS))
        .isInstanceOf(TimeoutException.class);
  }

  private static Line line(long bytes) {
    return new Line(new CompletableFuture<>(), bytes);
  }
}
