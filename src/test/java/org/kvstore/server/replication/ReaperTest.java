package org.kvstore.server.replication;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kvstore.server.model.Command;
import org.kvstore.server.model.Histogram;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.KeyRange;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.model.Submission;
import org.kvstore.server.store.Writes;

class ReaperTest {
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

  private Engine engine;

  @BeforeEach
  void open() {
    engine = Engine.create(directory);
  }

  @AfterEach
  void close() {
    engine.close();
  }

  @Test
  void run_atTheDeadline_entryExpires() {
    engine.apply(Writes.putUntil("key", "v", Writes.NOW + 1_000));
    Reaper reaper = new Reaper(engine.store, engine.replicator, clock);
    now.addAndGet(1_000);

    reaper.run();

    await().until(() -> engine.store.get(Key.of("key")) == null);
  }

  @Test
  void run_beforeTheDeadline_nothingIsProposed() {
    engine.apply(Writes.putUntil("key", "v", Writes.NOW + 1_000));
    Recorder recorder = new Recorder();
    now.addAndGet(999);

    new Reaper(engine.store, recorder, clock).run();

    assertThat(recorder.submitted).isEmpty();
  }

  @Test
  void run_thousandsAreDue_oneRunExpiresThemAll() {
    List<CompletableFuture<Outcome>> writes =
        IntStream.range(0, 3_500)
            .mapToObj(i -> engine.submit(Writes.putUntil("key " + i, "v", Writes.NOW + 1 + i)))
            .toList();
    writes.forEach(CompletableFuture::join);
    engine.apply(Writes.put("for ever", "v"));
    now.addAndGet(3_500);

    new Reaper(engine.store, engine.replicator, clock).run();

    await().until(() -> engine.store.count(KeyRange.ALL, 0).keys() == 1);
  }

  @Test
  void run_deadlineWasOverwritten_theNewOneCounts() {
    engine.apply(Writes.putUntil("later", "v", Writes.NOW + 1_000));
    engine.apply(Writes.putUntil("later", "v", Writes.NOW + 5_000));
    engine.apply(Writes.putUntil("never", "v", Writes.NOW + 1_000));
    engine.apply(Writes.put("never", "v"));
    engine.apply(Writes.putUntil("gone", "v", Writes.NOW + 1_000));
    now.addAndGet(2_000);

    new Reaper(engine.store, engine.replicator, clock).run();

    await().until(() -> engine.store.get(Key.of("gone")) == null);
    assertThat(engine.store.get(Key.of("later"))).isNotNull();
    assertThat(engine.store.get(Key.of("never"))).isNotNull();
  }

  @Test
  void run_proposalUnderWay_noOtherIsMade() {
    engine.apply(Writes.putUntil("key", "v", Writes.NOW + 1_000));
    now.addAndGet(1_000);
    Recorder recorder = new Recorder();
    Reaper reaper = new Reaper(engine.store, recorder, clock);

    reaper.run();
    reaper.run();

    assertThat(recorder.submitted).hasSize(1);
    assertThat(recorder.submitted.get(0).command()).isInstanceOf(Command.Expire.class);
  }

  @Test
  void run_proposalFailed_madeAgain() {
    engine.apply(Writes.putUntil("key", "v", Writes.NOW + 1_000));
    now.addAndGet(1_000);
    Recorder recorder = new Recorder();
    Reaper reaper = new Reaper(engine.store, recorder, clock);

    reaper.run();
    recorder.result.completeExceptionally(new IllegalStateException());
    reaper.run();

    assertThat(recorder.submitted).hasSize(2);
  }

  @Test
  void run_storeClosed_nothingHappens() {
    engine.apply(Writes.putUntil("key", "v", Writes.NOW + 1_000));
    now.addAndGet(1_000);
    Recorder recorder = new Recorder();
    engine.close();

    new Reaper(engine.store, recorder, clock).run();

    assertThat(recorder.submitted).isEmpty();
  }

  /** A replicator that only writes down what it is given. */
  private static final class Recorder implements Replicator {
    final List<Submission> submitted = new ArrayList<>();
    final CompletableFuture<Outcome> result = new CompletableFuture<>();

    @Override
    public CompletionStage<Outcome> submit(Submission submission) {
      submitted.add(submission);
      return result;
    }

    @Override
    public CompletionStage<Void> readBarrier() {
      return CompletableFuture.completedStage(null);
    }

    @Override
    public boolean leads() {
      return true;
    }

    @Override
    public void sweep() {}

    @Override
    public boolean isAlive() {
      return true;
    }

    @Override
    public boolean isOverloaded() {
      return false;
    }

    @Override
    public boolean refuses() {
      return false;
    }

    @Override
    public int queueDepth() {
      return 0;
    }

    @Override
    public long queueBytes() {
      return 0;
    }

    @Override
    public Histogram commits() {
      return Histogram.ofDurations();
    }

    @Override
    public Histogram groupSizes() {
      return Histogram.ofSizes();
    }

    @Override
    public void close() {}
  }
}
