package org.kvstore.server.replication;

import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Outcome;

/** Answers writes by an executor. No write is left without its answer. */
final class Answers {
  /** Handing a task to the executor costs more than an answer, so one task gives several. */
  private static final int LEAST_A_TASK = 16;

  /** Tasks that answer one group, at the most. */
  private static final int TASKS = 8;

  private final Executor executor;

  Answers(Executor executor) {
    this.executor = executor;
  }

  /** Tells each write its outcome. */
  void give(List<PendingWrite> writes, List<Outcome> outcomes) {
    int step = Math.max(LEAST_A_TASK, 1 + writes.size() / TASKS);
    for (int start = 0; start < writes.size(); start += step) {
      int from = start;
      int to = Math.min(from + step, writes.size());
      execute(
          () -> {
            for (int i = from; i < to; i++) {
              writes.get(i).result().complete(outcomes.get(i));
            }
          });
    }
  }

  /** Tells each write why it failed. */
  void fail(List<PendingWrite> writes, KeyValueException failure) {
    for (PendingWrite write : writes) {
      execute(() -> write.result().completeExceptionally(failure));
    }
  }

  /** Not even when the executor has been shut down. */
  private void execute(Runnable answer) {
    try {
      executor.execute(answer);
    } catch (RejectedExecutionException e) {
      answer.run();
    }
  }
}
