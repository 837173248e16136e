package org.kvstore.server.replication;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class ControlledDelayTest {
  private static final Duration TARGET = Duration.ofMillis(50);
  private static final int STEP_MILLIS = 10;

  private final ControlledDelay delay = new ControlledDelay(TARGET);
  private long now = System.nanoTime();

  @Test
  void waited_longNowAndThen_isABurstAndNoOverload() {
    for (int i = 0; i < 100; i++) {
      waited(i % 10 == 0 ? 1 : 500, 1);
    }
    assertThat(delay.isOverloaded()).isFalse();
    assertThat(delay.refuses(nanos(500), 0, now)).isFalse();
  }

  @Test
  void waited_longForAnInterval_isOverloadFromThenOn() {
    waited(1, 1);
    waited(51, 20);
    assertThat(delay.isOverloaded()).isFalse();

    waited(51, 1);
    assertThat(delay.isOverloaded()).isTrue();
    assertThat(delay.refuses(nanos(51), 0, now)).isTrue();
  }

  @Test
  void waited_shortForAnInterval_endsIt() {
    waited(51, 22);
    waited(50, 20);
    assertThat(delay.isOverloaded()).isTrue();
    assertThat(delay.refuses(nanos(50), 0, now)).as("what would not wait long is let in").isFalse();

    waited(50, 1);
    assertThat(delay.isOverloaded()).isFalse();
  }

  @Test
  void waited_shortOnlyBecauseOthersAreRefused_isOverloadStill() {
    waited(51, 22);
    for (int i = 0; i < 100; i++) {
      assertThat(delay.refuses(nanos(51), 0, now)).isTrue();
      waited(50, 1);
    }

    waited(50, 21);
    assertThat(delay.isOverloaded()).isFalse();
  }

  @Test
  void waited_noLongerThanUsual_isNoOverload() {
    for (int i = 0; i < 100; i++) {
      now += nanos(STEP_MILLIS);
      delay.waited(nanos(300), nanos(300), now);
    }
    assertThat(delay.isOverloaded()).isFalse();
  }

  @Test
  void refuses_overload_butNotWhatWaitsNoLongerThanUsual() {
    waited(51, 22);
    assertThat(delay.refuses(nanos(60), nanos(60), now)).isFalse();
    assertThat(delay.refuses(nanos(61), nanos(60), now)).isTrue();
  }

  private void waited(long millis, int times) {
    for (int i = 0; i < times; i++) {
      now += nanos(STEP_MILLIS);
      delay.waited(nanos(millis), 0, now);
    }
  }

  private static long nanos(long millis) {
    return TimeUnit.MILLISECONDS.toNanos(millis);
  }
}
