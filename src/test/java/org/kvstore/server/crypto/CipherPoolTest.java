package org.kvstore.server.crypto;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class CipherPoolTest {
  private int made;
  private final CipherPool pool =
      new CipherPool(
          () -> {
            made++;
            return new ExtendedGcm(new byte[ExtendedGcm.KEY_BYTES]);
          });

  @Test
  void take_givesTheOneThatWasUsedLast() {
    ExtendedGcm first = pool.take();
    ExtendedGcm second = pool.take();
    pool.giveBack(first);
    pool.giveBack(second);

    assertThat(pool.take()).isSameAs(second);
    assertThat(pool.take()).isSameAs(first);
    assertThat(made).isEqualTo(2);
  }

  @Test
  void giveBack_ofMoreThanItKeeps_letsTheOthersGo() {
    int before = CipherPool.MOST_IDLE + 10;
    takeAndGiveBack(before);
    assertThat(made).isEqualTo(before);

    takeAndGiveBack(before);

    assertThat(made).isEqualTo(before + 10);
  }

  private void takeAndGiveBack(int count) {
    List<ExtendedGcm> taken = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      taken.add(pool.take());
    }
    taken.forEach(pool::giveBack);
  }
}
