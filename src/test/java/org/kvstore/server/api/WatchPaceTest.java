package org.kvstore.server.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.kvstore.server.security.Allowance;

/** A stream rests for the bytes that it has had too many of, and is woken once. */
class WatchPaceTest {
  private static final int RATE = 1_000_000;

  private final AtomicInteger woken = new AtomicInteger();

  @Test
  void withoutALimit_orWithinIt_moreMayBeSentAtOnce() {
    for (Allowance allowance :
        new Allowance[] {null, new Allowance(5, 0), new Allowance(0, RATE)}) {
      WatchPace pace = new WatchPace(allowance);
      pace.sent(RATE / 2);
      assertThat(pace.allows(woken::incrementAndGet)).isTrue();
    }
    assertThat(woken).hasValue(0);
  }

  @Test
  void beyondTheLimit_itRests_andIsWokenOnce_howeverOftenItIsAsked() {
    WatchPace pace = new WatchPace(new Allowance(0, RATE));
    long began = System.nanoTime();
    pace.sent(RATE + RATE / 2);
    assertThat(pace.allows(woken::incrementAndGet)).isFalse();
    assertThat(pace.allows(woken::incrementAndGet)).isFalse();

    await().until(() -> woken.get() > 0);

    assertThat(System.nanoTime() - began).isGreaterThan(Duration.ofMillis(450).toNanos());
    assertThat(pace.allows(woken::incrementAndGet)).isTrue();
    assertThat(woken).hasValue(1);
  }

  /** Others of the same caller may go on taking all that there is. */
  @Test
  void afterItsRest_itMaySend_althoughOthersOweByThen() {
    Allowance shared = new Allowance(0, RATE);
    WatchPace pace = new WatchPace(shared);
    pace.sent(RATE + RATE / 10);
    assertThat(pace.allows(woken::incrementAndGet)).isFalse();
    shared.used(100L * RATE);

    await().until(() -> woken.get() > 0);

    assertThat(pace.allows(woken::incrementAndGet)).isTrue();
  }
}
