package org.kvstore.server.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Of a write that is tried again it is on record how the last attempt ended, once. */
class LastAttemptTest {
  private final List<String> records = new ArrayList<>();
  private final LastAttempt attempt =
      new LastAttempt((action, target, outcome) -> records.add(outcome));

  @Test
  void refusalsBeforeTheLastAttempt_areNotOnRecord() {
    ends("UNAVAILABLE");
    attempt.again();
    ends("UNAVAILABLE");
    attempt.again();
    attempt.isLast();
    ends("DONE");

    assertThat(records).containsExactly("DONE");
  }

  @Test
  void lastAttempt_isOnRecord_wheneverItEnds() {
    ends("UNAVAILABLE");
    assertThat(records).isEmpty();
    attempt.isLast();
    assertThat(records).containsExactly("UNAVAILABLE");

    LastAttempt late = new LastAttempt((action, target, outcome) -> records.add(outcome));
    late.isLast();
    late.record("put", "k", "UNAVAILABLE");
    assertThat(records).containsExactly("UNAVAILABLE", "UNAVAILABLE");
  }

  @Test
  void otherEnds_areOnRecordAtOnce() {
    ends("FORBIDDEN");
    attempt.isLast();

    assertThat(records).containsExactly("FORBIDDEN");
  }

  private void ends(String outcome) {
    attempt.record("put", "k", outcome);
  }
}
