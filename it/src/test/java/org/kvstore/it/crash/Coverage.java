package org.kvstore.it.crash;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.kvstore.it.history.Tally;

/** That everything has happened that is to be survived. */
final class Coverage {
  /** Fewer cycles, or less in a cycle, may leave out something by chance. */
  private static final int ENOUGH_CYCLES = 10;

  private static final int WRITES_PER_CYCLE = 100;

  private Coverage() {}

  /** Checks it, once there were enough cycles. */
  static void require(Tally tally, int cycles) {
    if (cycles < ENOUGH_CYCLES) {
      return;
    }
    Map<String, Long> counts = tally.counts();
    assertThat(counts)
        .containsKeys("Get Found", "Get Missing", "Put Written", "Put Unknown")
        .containsKeys("CompareAndSet Written", "CompareAndSet Mismatch", "CompareAndSet Unknown")
        .containsKeys("Delete Deleted", "Delete Missing", "Delete Unknown", "Revoke Deleted")
        .containsKeys("Single unanswered", "Transaction 200", "Transaction unanswered")
        .containsKeys("Batch 200", "GRANT 201", "RENEW 200", "REVOKE 204")
        .containsKeys("unanswered repeated", "acknowledged repeated", "leases held");
    assertThat(counts.get("acknowledged writes")).isGreaterThan((long) WRITES_PER_CYCLE * cycles);
    assertThat(counts.get("events")).isGreaterThan((long) WRITES_PER_CYCLE * cycles);
    assertThat(counts.getOrDefault("Batch unanswered", 0L) + counts.getOrDefault("Batch cut", 0L))
        .as("batches in the middle of which the server was killed")
        .isPositive();
  }
}
