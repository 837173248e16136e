package org.kvstore.server.security;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.kvstore.server.model.Bytes;

/** Guesses are slowed down to one a second; who is known is not. */
class FailedAttemptsTest {
  private static final long SECOND = 1_000_000_000;
  private static final Bytes GUESS = Digests.sha256("guess");
  private static final Bytes KNOWN = Digests.sha256("known");

  private final AtomicLong now = new AtomicLong(7);
  private final FailedAttempts attempts = new FailedAttempts(now::get);

  @Test
  void burst_isAllowed_andThenOneASecond() {
    fail(FailedAttempts.BURST - 1);
    assertThat(attempts.isBlocked("a", GUESS)).isFalse();
    fail(1);
    assertThat(attempts.isBlocked("a", GUESS)).isTrue();

    now.addAndGet(SECOND);
    assertThat(attempts.isBlocked("a", GUESS)).isFalse();
    fail(1);
    assertThat(attempts.isBlocked("a", GUESS)).isTrue();

    now.addAndGet(SECOND * FailedAttempts.BURST);
    fail(FailedAttempts.BURST - 1);
    assertThat(attempts.isBlocked("a", GUESS)).as("all is forgotten").isFalse();
  }

  @Test
  void otherAddresses_areNotBlocked() {
    fail(FailedAttempts.BURST);
    assertThat(attempts.isBlocked("b", GUESS)).isFalse();
  }

  @Test
  void tokenThatWasRightFromThere_isLookedAt_butNotFromElsewhere() {
    attempts.succeeded("a", KNOWN);
    fail(FailedAttempts.BURST);
    for (int i = 0; i < FailedAttempts.BURST; i++) {
      attempts.failed("b");
    }

    assertThat(attempts.isBlocked("a", KNOWN)).isFalse();
    assertThat(attempts.isBlocked("b", KNOWN)).isTrue();
  }

  @Test
  void firstOfSeveral_isSaid_soThatItIsLoggedOnce() {
    assertThat(attempts.failed("a")).isTrue();
    assertThat(attempts.failed("a")).isFalse();
    now.addAndGet(3 * SECOND);
    assertThat(attempts.failed("a")).isTrue();
  }

  private void fail(int times) {
    for (int i = 0; i < times; i++) {
      attempts.failed("a");
    }
  }
}
