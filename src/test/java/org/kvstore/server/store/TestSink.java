package org.kvstore.server.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.awaitility.core.ConditionFactory;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Event;
import org.kvstore.server.model.KeyValueException;

/**
 * A sink that takes what the test lets it take, and that notes when its contract is broken: that it
 * is called by one thread at a time, only when it is ready, with whole revisions in order, and with
 * nothing after its end.
 */
final class TestSink implements WatchSink {
  static final int ENDLESS = Integer.MAX_VALUE;

  private final List<Delivery> deliveries = new ArrayList<>();
  private final List<Long> progress = new ArrayList<>();
  private final List<String> violations = new ArrayList<>();
  private final AtomicReference<@Nullable Thread> caller = new AtomicReference<>();

  /** Sends that it takes before it is not ready again. Guarded by this object's monitor. */
  private int room;

  /** Whether one revision may come in several sends: one that is large does. */
  private volatile boolean partsAllowed;

  /** Runs when everything up to a revision has been delivered. */
  private volatile Consumer<Long> onProgress = revision -> {};

  /** The most bytes of values that came in one send. */
  private long mostBytes;

  private volatile @Nullable KeyValueException reason;
  private volatile @Nullable Watch watch;

  void attach(Watch opened) {
    watch = opened;
  }

  Watch watch() {
    Watch opened = watch;
    if (opened == null) {
      throw new IllegalStateException("It is not opened yet.");
    }
    return opened;
  }

  /** Lets it take so many more sends, and says that it is ready, be it true or not. */
  void take(int sends) {
    synchronized (this) {
      room = sends == ENDLESS || room == ENDLESS ? ENDLESS : room + sends;
    }
    watch().ready();
  }

  void onProgress(Consumer<Long> action) {
    onProgress = action;
  }

  void mayBeSentPartsOfRevisions() {
    partsAllowed = true;
  }

  @Override
  public boolean isReady() {
    return exclusively(
        () -> {
          if (watch == null) {
            violations.add("It was asked before it was opened.");
          }
          return room > 0;
        });
  }

  @Override
  public Runnable prepare(List<Delivery> sent) {
    return () -> send(sent);
  }

  private void send(List<Delivery> sent) {
    exclusively(
        () -> {
          if (room <= 0) {
            violations.add("It was sent something when it was not ready.");
          }
          room -= room == ENDLESS ? 0 : 1;
          if (sent.isEmpty() || !partsAllowed && !sent.get(sent.size() - 1).last()) {
            violations.add("A revision was split.");
          }
          deliveries.addAll(sent);
          mostBytes = Math.max(mostBytes, sent.stream().mapToLong(TestSink::bytes).sum());
          return true;
        });
  }

  @Override
  public void progress(long revision) {
    exclusively(() -> progress.add(revision));
    onProgress.accept(revision);
  }

  @Override
  public void end(KeyValueException why) {
    exclusively(() -> true);
    reason = why;
  }

  private interface Action {
    boolean run();
  }

  private boolean exclusively(Action action) {
    Thread other = caller.getAndSet(Thread.currentThread());
    synchronized (this) {
      if (other != null) {
        violations.add("Two threads called it at a time.");
      }
      if (reason != null) {
        violations.add("It was called after its end.");
      }
      boolean result = action.run();
      caller.set(null);
      return result;
    }
  }

  synchronized List<Delivery> deliveries() {
    return List.copyOf(deliveries);
  }

  /** What it was sent, in order. */
  synchronized List<Event> events() {
    return deliveries.stream().map(Delivery::event).toList();
  }

  synchronized long mostBytes() {
    return mostBytes;
  }

  private static long bytes(Delivery delivery) {
    return Stream.of(delivery.event().entry(), delivery.previous())
        .flatMap(Stream::ofNullable)
        .mapToLong(entry -> entry.value().size())
        .sum();
  }

  synchronized int count() {
    return deliveries.size();
  }

  synchronized List<Long> progress() {
    return List.copyOf(progress);
  }

  synchronized List<String> violations() {
    return List.copyOf(violations);
  }

  @Nullable KeyValueException reason() {
    return reason;
  }

  void awaitCount(int count) {
    soon().untilAsserted(() -> assertThat(count()).isEqualTo(count));
    assertThat(violations()).isEmpty();
  }

  void awaitMoreThan(int count) {
    soon().untilAsserted(() -> assertThat(count()).isGreaterThan(count));
  }

  void awaitEvents(List<Event> expected) {
    awaitCount(expected.size());
    assertThat(events()).isEqualTo(expected);
    assertThat(reason).isNull();
  }

  void awaitEnd(ErrorCode code) {
    soon().until(() -> reason != null);
    assertThat(reason).extracting(KeyValueException::code).isEqualTo(code);
    assertThat(violations()).isEmpty();
  }

  private static ConditionFactory soon() {
    return await().pollDelay(Duration.ZERO).pollInterval(Duration.ofMillis(2));
  }
}
