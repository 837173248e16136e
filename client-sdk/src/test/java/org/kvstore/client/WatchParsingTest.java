package org.kvstore.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The parts that a watch is read with. */
class WatchParsingTest {
  private static InputStream stream(String text) {
    return new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
  }

  @ParameterizedTest
  @ValueSource(strings = {"\n", "\r", "\r\n"})
  void events_anyLineEnd_areTheSame(String lineEnd) throws IOException {
    String text =
        ": hello\nretry: 5\n\nevent: put\nid: é\ndata: 1\ndata:  2\nunknown\n\ndata\n\ndata:x\n\n";
    try (ServerEvents events = new ServerEvents(stream(text.replace("\n", lineEnd)))) {
      assertThat(events.next()).isEqualTo(new ServerEvents.Event("put", "é", "1\n 2"));
      assertThat(events.next()).isEqualTo(new ServerEvents.Event("message", null, ""));
      assertThat(events.next()).isEqualTo(new ServerEvents.Event("message", null, "x"));
      assertThat(events.next()).isNull();
    }
  }

  @Test
  void event_cutAnywhere_isNoEvent() throws IOException {
    String text = "event: put\nid: p\ndata: {}\n\n";
    for (int length = 0; length < text.length(); length++) {
      try (ServerEvents events = new ServerEvents(stream(text.substring(0, length)))) {
        assertThat(events.next()).as("the first %d bytes", length).isNull();
      }
    }
  }

  @Test
  void revision_isHandedOutWhenItsLastEventIsThere() throws IOException {
    String first = FakeWatch.event("put", "a", 1) + FakeWatch.event("put", "b", 1);
    String last = FakeWatch.event("delete", "c", 1, "p1");
    try (RevisionStream cut = new RevisionStream(stream(first));
        RevisionStream whole = new RevisionStream(stream(first + last))) {
      assertThat(cut.next()).isNull();
      assertThat(whole.next())
          .extracting(event -> ((WatchEvent.Changed) event).key())
          .containsExactly("a", "b", "c");
      assertThat(whole.next()).isNull();
    }
  }

  @Test
  void revision_unknownEventWithAnId_movesThePosition() throws IOException {
    try (RevisionStream events = new RevisionStream(stream("event: new\nid: p3\ndata: ?\n\n"))) {
      assertThat(events.next()).isEqualTo(List.of(new WatchEvent.Progress("p3")));
    }
  }

  @Test
  void slowConsumer_stopsTheReader() throws InterruptedException {
    EndlessEvents endless = new EndlessEvents();
    Backoff backoff = new Backoff(Duration.ofMillis(1), Duration.ofMillis(1), new Random(1));
    try (Watch watch =
        Watch.open(lastEventId -> endless, null, backoff, task -> new Thread(task).start())) {
      for (int taken = 1; taken <= 2000; taken++) {
        assertThat(watch.next(Duration.ofSeconds(20))).isPresent();
        // In the queue, in the reader's hand, and in its buffer of bytes.
        assertThat(endless.sent.get()).isLessThan(taken + Watch.MAX_BUFFERED + 400);
      }
    }
  }

  /** A stream of progress that never ends; a small part at a time. */
  private static final class EndlessEvents extends InputStream {
    final AtomicLong sent = new AtomicLong();
    private byte[] part = new byte[0];
    private int position;

    @Override
    public int read() {
      if (position == part.length) {
        String event = "event: progress\nid: p%d\ndata: {}\n\n".formatted(sent.incrementAndGet());
        part = event.getBytes(StandardCharsets.UTF_8);
        position = 0;
      }
      return part[position++];
    }

    @Override
    public int read(byte[] target, int offset, int length) {
      for (int i = 0; i < length; i++) {
        target[offset + i] = (byte) read();
      }
      return length;
    }
  }

  @Test
  void body_nothingArrives_timesOut() throws IOException {
    try (BodyStream body = new BodyStream(Duration.ofMillis(5))) {
      assertThatThrownBy(body::read).isInstanceOf(SocketTimeoutException.class);
    }
  }

  @Test
  void body_closedByAnotherThread_endsTheRead() {
    BodyStream body = new BodyStream(Duration.ofMinutes(1));
    CompletableFuture<Void> read =
        CompletableFuture.runAsync(
            () -> assertThatThrownBy(body::read).hasMessageContaining("closed"));
    body.close();
    read.join();
  }

  @Test
  void body_asksForTheNextPartWhenTheLastHasBeenRead() throws IOException {
    try (BodyStream body = new BodyStream(Duration.ofMinutes(1))) {
      AtomicLong requested = new AtomicLong();
      body.onSubscribe(
          new Flow.Subscription() {
            @Override
            public void request(long count) {
              if (requested.addAndGet(count) > 1) {
                body.onComplete();
              }
            }

            @Override
            public void cancel() {}
          });
      body.onNext(List.of(ByteBuffer.allocate(0), ByteBuffer.wrap(new byte[] {1, 2, 3})));
      assertThat(body.readNBytes(2)).containsExactly(1, 2);
      assertThat(requested).hasValue(1);
      assertThat(body.readAllBytes()).containsExactly(3);
      assertThat(requested).hasValue(2);
    }
  }
}
