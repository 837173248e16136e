package org.kvstore.server.security;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.kvstore.server.model.KeyValueException;

/** What a caller used has to be made good, within what anybody can wait for. */
class AllowanceTest {
  private static final int RATE = 1_000;

  @Test
  void oneBody_howeverLong_isChargedTenSecondsAtTheMost() {
    for (long length : new long[] {100 * RATE, Long.MAX_VALUE}) {
      Allowance allowance = new Allowance(0, RATE);

      allowance.used(length);

      assertThat(retryAfter(allowance)).isBetween(9, 10);
    }
  }

  @Test
  void debtBeyondWhatRetryAfterHolds_isTheLongestThatItHolds() {
    Allowance allowance = new Allowance(0, 1);

    allowance.owed(1L << 33);

    assertThat(retryAfter(allowance)).isEqualTo(Integer.MAX_VALUE);
  }

  @Test
  void none_isUsedUpByNothing() {
    Allowance.NONE.used(Long.MAX_VALUE);

    assertThat(Allowance.NONE.owed(Long.MAX_VALUE)).isZero();
    assertThat(Allowance.NONE.begin(true).refusal()).isNull();
  }

  /** However long it takes until the answer is made; by then there may be more again. */
  @Test
  void refusedRequest_isToldWhatWasLeftWhenItWasRefused() {
    Allowance allowance = new Allowance(2, 0);

    Allowance.Turn turn = allowance.begin(true);
    while (turn.refusal() == null) {
      turn = allowance.begin(true);
    }

    assertThat(turn.left()).isEqualTo("\"requests\";r=0;t=1");
  }

  private static int retryAfter(Allowance allowance) {
    KeyValueException refusal = Objects.requireNonNull(allowance.begin(true).refusal());
    return Objects.requireNonNull(refusal.retryAfter());
  }
}
