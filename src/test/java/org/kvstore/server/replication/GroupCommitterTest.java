package org.kvstore.server.replication;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Limits;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.model.Submission;
import org.kvstore.server.store.TestLimits;
import org.kvstore.server.store.Writes;

/** What a committer does while nothing can be committed, as a shard has no leader. */
@Timeout(60)
class GroupCommitterTest {
  private static final Limits LIMITS = TestLimits.with(Map.of("writeWait", Duration.ofMillis(300)));

  @TempDir Path directory;

  @Test
  void writesThatComeAsTheLeaderIsLost_andGiveUp_wereCertainlyNotApplied() {
    Leaderless committer = new Leaderless(directory);
    try {
      // It has seen a leader, and waits for a write; from now on there is none.
      await().until(committer::waits);
      committer.isLost = true;
      CompletableFuture<Outcome> first = submit(committer);
      await().pollDelay(LIMITS.writeWait().plusMillis(10)).until(() -> !first.isDone());
      CompletableFuture<Outcome> second = submit(committer);

      assertRefused(committer, first);
      assertThat(second).isNotDone();
      assertRefused(committer, second);
      assertThat(committer.isOverloaded()).isFalse();
    } finally {
      committer.close();
    }
    assertThat(committer.commits).hasValue(0);
  }

  private static CompletableFuture<Outcome> submit(GroupCommitter committer) {
    return committer.submit(Writes.put("key", "value")).toCompletableFuture();
  }

  /** It gives up, when its time is over. */
  private static void assertRefused(GroupCommitter committer, CompletableFuture<Outcome> write) {
    await()
        .until(
            () -> {
              committer.sweep();
              return write.isDone();
            });
    assertThatThrownBy(write::join).cause().extracting("code").isEqualTo(ErrorCode.UNAVAILABLE);
  }

  /** Has a leader until that is lost. */
  private static final class Leaderless extends GroupCommitter {
    private volatile boolean isLost;
    private final AtomicReference<Thread> thread;
    final AtomicInteger commits = new AtomicInteger();

    Leaderless(Path directory) {
      this(directory, new AtomicReference<>());
    }

    private Leaderless(Path directory, AtomicReference<Thread> thread) {
      super(
          () -> null,
          LIMITS,
          new DiskSpace(directory, 0),
          task -> {
            Thread made = new Thread(task);
            thread.set(made);
            return made;
          },
          Runnable::run);
      this.thread = thread;
      start();
    }

    /** Whether its thread waits for a write. */
    boolean waits() {
      Thread made = thread.get();
      return made != null && made.getState() == Thread.State.TIMED_WAITING;
    }

    @Override
    protected boolean isReady() {
      return !isLost;
    }

    @Override
    protected Committed commit(List<Submission> group) {
      commits.incrementAndGet();
      return new Committed(List.of(), false);
    }

    @Override
    protected void idle() {
      LockSupport.parkNanos(1_000_000);
    }

    @Override
    public CompletionStage<Void> readBarrier() {
      return CompletableFuture.completedStage(null);
    }

    @Override
    public boolean leads() {
      return false;
    }
  }
}
