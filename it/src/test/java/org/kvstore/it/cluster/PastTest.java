package org.kvstore.it.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class PastTest {
  private final Past past = new Past();

  /** Written at 3 and 5, deleted at 8, written at 9; 3 was known at time 30, and so on. */
  @BeforeEach
  void change() {
    past.changed(3, true);
    past.changed(5, true);
    past.changed(8, false);
    past.changed(9, true);
    past.acknowledged(3, 30);
    past.acknowledged(5, 50);
    past.acknowledged(9, 90);
  }

  @Test
  void earliest_isWhenItWasWritten_orWhatWasKnownToBePassed() {
    assertThat(past.earliest(3, 0, "read")).isEqualTo(3);
    assertThat(past.earliest(5, 7, "read")).isEqualTo(7);
    assertThat(past.earliest(0, 0, "read")).isEqualTo(0);
    assertThat(past.earliest(0, 4, "read")).isEqualTo(8);
    assertThat(past.earliest(9, 100, "read")).isEqualTo(100);
  }

  @Test
  void whatGoesBack_isAFault() {
    assertThatThrownBy(() -> past.earliest(3, 5, "read")).hasMessageContaining("read after");
    assertThatThrownBy(() -> past.earliest(5, 8, "read")).isInstanceOf(AssertionError.class);
    assertThatThrownBy(() -> past.earliest(0, 9, "read")).isInstanceOf(AssertionError.class);
  }

  @Test
  void whatNeverWas_isAFault() {
    assertThatThrownBy(() -> past.earliest(4, 0, "read")).isInstanceOf(AssertionError.class);
    assertThatThrownBy(() -> past.earliest(8, 0, "read")).isInstanceOf(AssertionError.class);
  }

  @Test
  void missed_isSinceTheFirstWriteThatIsNotShown() {
    assertThat(past.missed(3, 60)).isEqualTo(10);
    assertThat(past.missed(3, 100)).isEqualTo(50);
    assertThat(past.missed(5, 60)).isZero();
    assertThat(past.missed(5, 95)).isEqualTo(5);
    assertThat(past.missed(0, 80)).isZero();
    assertThat(past.missed(0, 100)).isEqualTo(10);
    assertThat(past.missed(9, 1_000)).isZero();
  }
}
