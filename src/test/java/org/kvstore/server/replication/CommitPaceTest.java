package org.kvstore.server.replication;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class CommitPaceTest {
  private static final long MILLI = 1_000_000;

  private final CommitPace pace = new CommitPace(Duration.ofMillis(1));

  @Test
  void refuses_oneWriteBesideTheGroupThatIsCommitted_never() {
    committed(10 * MILLI, 10);
    overload();

    pace.submitted(1);
    assertThat(pace.refuses()).isFalse();

    pace.submitted(10);
    assertThat(pace.refuses()).isTrue();
  }

  @Test
  void committed_onceInNoTime_isForgotten() {
    committed(1_000, 1);
    committed(10 * MILLI, 100_000);
    overload();

    pace.submitted(1);

    assertThat(pace.refuses()).isFalse();
  }

  private void committed(long nanos, int times) {
    for (int i = 0; i < times; i++) {
      pace.committed(1, nanos);
    }
  }

  private void overload() {
    pace.waited(1_000 * MILLI, System.nanoTime() + 1_000 * MILLI);
    assertThat(pace.isOverloaded()).isTrue();
  }
}
