package org.kvstore.server.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.KeyValueException;

class HeldReadsTest {
  private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
  private final HeldReads reads = new HeldReads(10, timer, timer);

  @AfterEach
  void stop() {
    timer.shutdownNow();
  }

  @Test
  void close_readsThatWait_areAnswered() {
    CompletableFuture<Optional<Entry>> held = hold();
    assertThat(held).isNotDone();

    reads.close();

    assertRefused(held);
  }

  @Test
  void hold_afterClose_isAnsweredAtOnce() {
    reads.close();

    assertRefused(hold());
  }

  private CompletableFuture<Optional<Entry>> hold() {
    return reads
        .hold(
            Key.of("key"),
            key -> CompletableFuture.completedStage(Optional.empty()),
            Optional::isPresent,
            Duration.ofHours(1))
        .toCompletableFuture();
  }

  private void assertRefused(CompletableFuture<Optional<Entry>> held) {
    assertThat(held).isCompletedExceptionally();
    assertThatThrownBy(held::join)
        .isInstanceOf(CompletionException.class)
        .cause()
        .isInstanceOf(KeyValueException.class)
        .extracting("code")
        .isEqualTo(ErrorCode.UNAVAILABLE);
    assertThat(reads.count()).isZero();
  }
}
