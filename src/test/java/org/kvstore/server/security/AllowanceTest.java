package org.kvstore.server.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

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
    Allowance.NONE.begin(true);
  }

  private static int retryAfter(Allowance allowance) {
    KeyValueException refusal =
        catchThrowableOfType(KeyValueException.class, () -> allowance.begin(true));
    return Objects.requireNonNull(refusal.retryAfter());
  }
}
