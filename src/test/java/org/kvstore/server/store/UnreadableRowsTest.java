package org.kvstore.server.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Command;
import org.kvstore.server.model.Condition;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.Lifetime;
import org.kvstore.server.model.Limits;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.model.Submission;

/** What cannot be read stays where it is, is named, and keeps nothing else from its end. */
@Timeout(60)
class UnreadableRowsTest {
  private static final long NOW = Writes.NOW;
  private static final long TTL = 10_000;
  private static final long MEMORY = Limits.DEFAULT.requestMemory().toMillis();

  @TempDir Path directory;

  private final List<String> logged = new ArrayList<>();
  private final Logger logger = Logger.getLogger(UnreadableRows.class.getName());
  private final Handler handler =
      new Handler() {
        @Override
        public void publish(LogRecord line) {
          logged.add(new SimpleFormatter().formatMessage(line));
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
      };

  private Store store; // Set before each test.

  @BeforeEach
  void open() {
    logger.addHandler(handler);
    store = Stores.create(directory);
  }

  @AfterEach
  void close() {
    logger.removeHandler(handler);
    store.close();
  }

  @Test
  void entryThatIsDue_staysAndIsNamed_whileOthersExpire() {
    apply(Writes.putUntil("bad", "v", NOW + 1));
    apply(Writes.putUntil("good", "v", NOW + 2));
    poison(Table.CURRENT, Rows.currentKey(Key.of("bad")));

    assertThat(apply(Writes.expire(NOW + 2, 10))).isEqualTo(new Outcome.Expired(1, false));

    assertThat(store.get(Key.of("good"))).isNull();
    assertThat(logged).hasSize(1).first().asString().contains("table current, row 'bad'");
    assertThatThrownBy(() -> store.get(Key.of("bad"))).isInstanceOf(RuntimeException.class);
    assertThat(store.isDue(NOW + 2)).as("the reaper is not kept busy").isFalse();
  }

  @Test
  void entryOfALease_staysAndIsNamed_whileTheOthersOfTheLeaseGo() {
    long lease = grant();
    apply(put("bad", lease));
    apply(put("good", lease));
    poison(Table.CURRENT, Rows.currentKey(Key.of("bad")));

    assertThat(apply(Writes.expire(NOW + TTL, 10))).isEqualTo(new Outcome.Expired(1, false));

    assertThat(store.get(Key.of("good"))).isNull();
    assertThat(store.lease(lease)).isNull();
    assertThat(logged).hasSize(1).first().asString().contains("table current, row 'bad'");
  }

  /** A client is told: it would take the key for deleted. */
  @Test
  void entryOfALease_thatAClientRevokes_failsAndChangesNothing() {
    long lease = grant();
    apply(put("bad", lease));
    apply(put("good", lease));
    poison(Table.CURRENT, Rows.currentKey(Key.of("bad")));

    assertThatThrownBy(() -> apply(submission(new Command.RevokeLease(lease))))
        .isInstanceOf(RuntimeException.class);

    assertThat(store.lease(lease)).isNotNull();
    assertThat(store.get(Key.of("good"))).isNotNull();
  }

  @Test
  void leaseThatIsOver_staysAndIsNamed_whileOthersAndDeadlinesEnd() {
    long bad = grant();
    long good = grant();
    apply(put("of-bad", bad));
    apply(put("of-good", good));
    apply(Writes.putUntil("due", "v", NOW + TTL));
    poison(Table.LEASES, LeaseRows.lease(bad));

    apply(Writes.expire(NOW + TTL, 10));

    assertThat(store.get(Key.of("due"))).isNull();
    assertThat(store.get(Key.of("of-good"))).isNull();
    assertThat(store.get(Key.of("of-bad"))).isNotNull();
    assertThat(logged).hasSize(1).first().asString().contains("table leases, row 0x6c");
  }

  @Test
  void requestThatIsOld_staysAndIsNamed_whileOthersAreForgotten() {
    Submission good = Writes.named(Writes.put("a", "v"), "good", "fingerprint");
    apply(Writes.named(Writes.put("b", "v"), "bad", "fingerprint"));
    apply(good);
    apply(Writes.putUntil("due", "v", NOW + 1));
    poison(Table.REQUESTS, RequestRows.byName("bad"));

    apply(Writes.expire(NOW + MEMORY + 1, 10));

    assertThat(store.get(Key.of("due"))).isNull();
    assertThat(store.isRepeat(good)).isFalse();
    assertThat(logged).hasSize(1).first().asString().contains("table requests, row 'nbad'");
    assertThat(store.isDue(NOW + MEMORY + 1)).as("the reaper is not kept busy").isFalse();
  }

  @Test
  void whatWasPassed_isLookedAtAndNamedOnceAMinute() {
    apply(Writes.putUntil("bad", "v", NOW + 1));
    poison(Table.CURRENT, Rows.currentKey(Key.of("bad")));
    long minute = Duration.ofMinutes(1).toMillis();

    for (long time = NOW + 1; time <= NOW + 1 + 2 * minute; time += 5_000) {
      apply(Writes.expire(time, 10));
    }

    assertThat(logged).hasSize(3);
  }

  @Test
  void manyAtOnce_theFirstAreNamed_andAllArePassed() {
    for (int i = 0; i < 30; i++) {
      apply(Writes.putUntil("bad " + i, "v", NOW + 1));
    }
    apply(Writes.putUntil("good", "v", NOW + 1));
    store.close();
    for (int i = 0; i < 30; i++) {
      Stores.poison(directory, Key.of("bad " + i));
    }
    store = Stores.open(directory);

    assertThat(apply(Writes.expire(NOW + 1, 10))).isEqualTo(new Outcome.Expired(1, false));

    assertThat(logged).hasSize(10);
  }

  private void poison(Table table, byte[] row) {
    store.close();
    Stores.poison(directory, table, row);
    store = Stores.open(directory);
  }

  private long grant() {
    return ((Outcome.Leased) apply(submission(new Command.GrantLease(TTL)))).lease().id();
  }

  private Outcome apply(Submission submission) {
    return store.apply(List.of(submission)).get(0);
  }

  private static Submission put(String key, long lease) {
    return submission(
        new Command.Put(
            Key.of(key), Bytes.EMPTY, "text/plain", new Lifetime.OnLease(lease), Condition.NONE));
  }

  private static Submission submission(Command command) {
    return new Submission(command, NOW, null);
  }
}
