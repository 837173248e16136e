package org.kvstore.server.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.service.Apart.Kind;
import org.kvstore.server.store.TestLimits;

@Timeout(20)
class ApartTest {
  private static final Runnable NOTHING = () -> {};

  private final CountDownLatch read = new CountDownLatch(1);
  private final Apart apart =
      new Apart(
          TestLimits.with(Map.of("answerBytes", 100L, "exports", 1, "batches", 1)), Thread::new);

  @AfterEach
  void end() {
    read.countDown();
    apart.shutdown();
  }

  @Test
  void run_answersOfMoreBytesThanMayWait_refusesTheNextUntilOneIsRead() {
    apart.run(Kind.ANSWER, 60, this::awaitRead);
    apart.run(Kind.ANSWER, 40, this::awaitRead);

    assertRefused(Kind.ANSWER, 1);
    read.countDown();
    await().ignoreExceptions().untilAsserted(() -> apart.run(Kind.ANSWER, 100, NOTHING));
  }

  @Test
  void run_singleAnswerOfMoreBytesThanMayWait_isSent() {
    apart.run(Kind.ANSWER, 1_000, this::awaitRead);

    assertRefused(Kind.ANSWER, 1);
  }

  @Test
  void run_allPlacesOfOneKindTaken_leavesThoseOfOthers() {
    apart.run(Kind.STREAM, 0, this::awaitRead);
    apart.run(Kind.STREAM, 0, this::awaitRead);
    for (int i = 0; i < 64; i++) {
      apart.run(Kind.ANSWER, 1, this::awaitRead);
    }

    assertRefused(Kind.STREAM, 0);
    assertRefused(Kind.ANSWER, 1);
    apart.run(Kind.ADMIN, 0, NOTHING);
  }

  private void assertRefused(Kind kind, long bytes) {
    assertThatThrownBy(() -> apart.run(kind, bytes, NOTHING))
        .isInstanceOfSatisfying(
            KeyValueException.class,
            refusal -> assertThat(refusal.code()).isEqualTo(ErrorCode.TOO_MANY_REQUESTS));
  }

  private void awaitRead() {
    try {
      read.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
