package org.kvstore.server.security;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.kvstore.server.model.Bytes;

/** Guesses are slowed down to one a second; who is known is not. */
class FailedAttemptsTest {
  private static final long SECOND = 1_000_000_000;
  private static final Bytes GUESS = Digests.sha256("guess");
  private static final Bytes KNOWN = Digests.sha256("known");

  private final AtomicLong now = new AtomicLong(7);
  private final Queue<Runnable> afterASecond = new ArrayDeque<>();
  private final List<String> told = new ArrayList<>();
  private final FailedAttempts attempts =
      new FailedAttempts(
          now::get, afterASecond::add, (count, newest) -> told.add(count + " " + newest));

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
  void failures_howeverMany_areForgottenOneASecond() {
    fail(3_600);
    assertThat(attempts.isBlocked("a", GUESS)).isTrue();

    now.addAndGet(SECOND);
    assertThat(attempts.isBlocked("a", GUESS)).isFalse();
  }

  @Test
  void failures_areToldWithinASecond_withTheirNumber_alsoWhenNoneFollows() {
    attempts.failed("a");
    attempts.failed("a");
    attempts.failed("b");
    assertThat(told).isEmpty();

    tell();
    assertThat(told).containsExactly("3 b");
    assertThat(afterASecond).isEmpty();

    attempts.failed("c");
    tell();
    assertThat(told).containsExactly("3 b", "1 c");
  }

  @Test
  void guessesThatWereNotLookedAt_areToldToo_andTakeNoTimeToBeForgotten() {
    fail(FailedAttempts.BURST);
    for (int i = 0; i < 100; i++) {
      attempts.ignored("a");
    }

    tell();
    assertThat(told).containsExactly(FailedAttempts.BURST + 100 + " a");
    now.addAndGet(SECOND);
    assertThat(attempts.isBlocked("a", GUESS)).isFalse();
  }

  @Test
  void whatIsUntoldAtTheEnd_isTold() {
    attempts.failed("a");
    attempts.tell();
    assertThat(told).containsExactly("1 a");

    tell();
    assertThat(told).as("only once").hasSize(1);
  }

  @Test
  void networkOfAClient_countsAsOneAddress() {
    for (int i = 0; i < FailedAttempts.BURST; i++) {
      attempts.failed("2001:db8:0:1::" + Integer.toHexString(i + 1));
    }

    assertThat(attempts.isBlocked("2001:db8:0:1:ffff::7", GUESS)).isTrue();
    assertThat(attempts.isBlocked("2001:db8:0:2::1", GUESS)).isFalse();
  }

  private void tell() {
    afterASecond.remove().run();
  }

  private void fail(int times) {
    for (int i = 0; i < times; i++) {
      attempts.failed("a");
    }
  }
}
