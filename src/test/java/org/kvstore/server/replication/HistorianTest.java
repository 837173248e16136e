package org.kvstore.server.replication;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.Retention;
import org.kvstore.server.store.Writes;

class HistorianTest {
  private static final long HOUR = Duration.ofHours(1).toMillis();

  @TempDir Path directory;

  private final AtomicLong now = new AtomicLong(Writes.NOW);
  private final Clock clock =
      new Clock() {
        @Override
        public ZoneId getZone() {
          return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
          return this;
        }

        @Override
        public Instant instant() {
          return Instant.ofEpochMilli(now.get());
        }
      };

  private Engine engine; // Set before each test.

  @BeforeEach
  void open() {
    engine = Engine.create(directory);
  }

  @AfterEach
  void close() {
    engine.close();
  }

  @Test
  void run_versionsReplacedLongerAgo_areGivenUp() {
    // One revision each hour, from 1 on; what was replaced within three hours is kept.
    Historian historian = historian(Duration.ofHours(3), 1_000);
    writeHourly(10);

    now.addAndGet(1_000);
    historian.run();

    // Revision 7 is three hours and a second old, and was replaced by 8 less than that ago.
    await().until(() -> engine.store.compactedRevision() == 7);
    assertThat(engine.store.getAt(Key.of("key"), 7)).isNotNull();
  }

  @Test
  void run_moreRevisionsThanAreKept_theOldestAreGivenUp() {
    Historian historian = historian(Duration.ofDays(100), 4);
    writeHourly(10);

    historian.run();

    await().until(() -> engine.store.compactedRevision() == 6);
  }

  @Test
  void run_withinBothBounds_nothingIsGivenUp() {
    Historian historian = historian(Duration.ofDays(100), 1_000);
    writeHourly(10);

    historian.run();

    engine.apply(Writes.put("key", "committed after whatever was proposed"));
    assertThat(engine.store.compactedRevision()).isZero();
  }

  @Test
  void run_emptyStore_nothingHappens() {
    now.addAndGet(100 * HOUR);

    historian(Duration.ofHours(1), 1).run();

    engine.apply(Writes.put("key", "v"));
    assertThat(engine.store.compactedRevision()).isZero();
  }

  @Test
  void run_clockHasNotMovedOn_looksOnlyOnceASecond() {
    Historian historian = historian(Duration.ofDays(100), 1);
    engine.apply(Writes.put("key", "1"));
    engine.apply(Writes.put("key", "2"));

    now.addAndGet(999);
    historian.run();

    engine.apply(Writes.put("other", "committed after whatever was proposed"));
    assertThat(engine.store.compactedRevision()).isZero();
  }

  @Test
  void run_afterACompaction_sweepsWhatWasGivenUp() {
    Historian historian = historian(Duration.ofDays(100), 2);
    writeHourly(10);
    historian.run();
    await().until(() -> engine.store.compactedRevision() == 8);

    historian.run();

    assertThat(engine.store.sweep()).as("whether something is left").isFalse();
    assertThat(engine.store.history(Key.of("key"), 0, 100).versions())
        .extracting(event -> event.revision())
        .containsExactly(10L, 9L, 8L);
  }

  @Test
  void run_storeClosed_nothingHappens() {
    Historian historian = historian(Duration.ofHours(1), 1);
    writeHourly(10);
    engine.close();

    historian.run();
  }

  private Historian historian(Duration age, int revisions) {
    return new Historian(engine.store, engine.replicator, new Retention(age, revisions), clock);
  }

  private void writeHourly(int revisions) {
    for (int i = 0; i < revisions; i++) {
      now.addAndGet(i == 0 ? 0 : HOUR);
      engine.apply(Writes.at(Writes.put("key", "value " + i), now.get()));
    }
  }
}
