package org.kvstore.server.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.KeyValueException;

/** One turn, a pool whose tasks run when the test says so, and a clock that it sets. */
class PageTurnsTest {
  private static final int MOST_WAITING = 1_000;

  private final Queue<Runnable> pool = new ArrayDeque<>();
  private long millis;
  private final PageTurns pages =
      new PageTurns(
          pool::add, 1, Duration.ofMillis(10), () -> TimeUnit.MILLISECONDS.toNanos(millis));

  @Test
  void make_withATurnFree_makesItInTheThreadOfTheCaller() {
    assertThat(make("page")).isCompletedWithValue("page");
    assertThat(pool).isEmpty();
  }

  @Test
  void make_whileAnotherIsMade_waitsWithoutAThread_inTheOrderOfTheirComing() {
    List<CompletableFuture<String>> waiting = new ArrayList<>();
    pages.make(
        () -> {
          waiting.add(make("first"));
          waiting.add(make("second"));
          assertThat(waiting).noneMatch(CompletableFuture::isDone);
          assertThat(pool).isEmpty();
          return "";
        });

    pool.remove().run();
    assertThat(waiting.get(0)).isCompletedWithValue("first");
    assertThat(waiting.get(1)).isNotDone();
    pool.remove().run();
    assertThat(waiting.get(1)).isCompletedWithValue("second");
    assertThat(pool).isEmpty();
  }

  @Test
  void make_ofAPageThatFails_givesItsTurnOn() {
    RuntimeException failure = new IllegalStateException("of the test");
    CompletableFuture<?> failed =
        pages
            .make(
                () -> {
                  throw failure;
                })
            .toCompletableFuture();

    assertThatThrownBy(failed::join).isInstanceOf(CompletionException.class).hasCause(failure);
    assertThat(make("next")).isCompletedWithValue("next");
  }

  @Test
  void make_whenThePoolHasEnded_isUnavailable_andHoldsNoTurn() {
    PageTurns ending =
        new PageTurns(
            task -> {
              throw new RejectedExecutionException();
            },
            1,
            Duration.ofMillis(10),
            () -> 0);
    List<CompletableFuture<String>> waiting = new ArrayList<>();
    ending.make(
        () -> {
          waiting.add(ending.make(() -> "first").toCompletableFuture());
          waiting.add(ending.make(() -> "second").toCompletableFuture());
          return "";
        });

    for (CompletableFuture<String> one : waiting) {
      assertThatThrownBy(one::join)
          .cause()
          .isInstanceOfSatisfying(
              KeyValueException.class,
              refusal -> assertThat(refusal.code()).isEqualTo(ErrorCode.UNAVAILABLE));
    }
    assertThat(ending.make(() -> "after").toCompletableFuture()).isCompletedWithValue("after");
  }

  @Test
  void make_withAThousandThatWait_isRefused() {
    pages.make(
        () -> {
          for (int i = 0; i < MOST_WAITING; i++) {
            make("waiting");
          }
          assertThatThrownBy(() -> make("one more"))
              .isInstanceOfSatisfying(
                  KeyValueException.class,
                  refusal -> assertThat(refusal.code()).isEqualTo(ErrorCode.TOO_MANY_REQUESTS));
          return "";
        });
  }

  @Test
  void refuses_onlyOnceTheQueueHasStoodForAnInterval_andNotWhatWouldNotWait() {
    pages.make(
        () -> {
          for (int i = 0; i < 8; i++) {
            slow(20);
          }
          millis += 20;
          return "";
        });
    while (millis < 220) {
      assertThat(pages.refuses()).as("after %s ms", millis).isFalse();
      pool.remove().run();
      slow(20);
    }
    pool.remove().run();
    assertThat(pages.refuses()).as("after %s ms", millis).isTrue();

    while (!pool.isEmpty()) {
      pool.remove().run();
    }
    assertThat(pages.isOverloaded()).as("the queue has stood until now").isTrue();
    assertThat(pages.refuses()).as("nothing waits").isFalse();
    millis += 201;
    assertThat(pages.isOverloaded()).isFalse();
  }

  @Test
  void refuses_whatWouldWaitForLongerThanABurstMayStand_beforeItHasStood() {
    slow(50);
    pages.make(
        () -> {
          while (!pages.refuses()) {
            slow(50);
          }
          return "";
        });
    assertThat(pool).hasSize(1);
    int waiting = 1;
    while (!pool.isEmpty()) {
      pool.remove().run();
      waiting++;
    }
    assertThat(millis).isLessThan(50L * waiting + 50);
    assertThat(waiting).as("210 ms of pages that take 6 ms, as the first says").isBetween(30, 40);
  }

  private CompletableFuture<String> make(String page) {
    return pages.make(() -> page).toCompletableFuture();
  }

  /** One that takes so long. */
  private void slow(int takes) {
    pages.make(
        () -> {
          millis += takes;
          return "";
        });
  }
}
