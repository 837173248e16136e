package org.kvstore.server.service;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Access;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Command;
import org.kvstore.server.model.KeyRange;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.model.Outcome.RangeDeleted;
import org.kvstore.server.model.Permission;
import org.kvstore.server.model.Submission.RequestName;
import org.kvstore.server.shard.Shard;

/**
 * Deletes every key of a range: one shard after the other, as one that fails leaves less undone
 * then, and in each as many revisions as it takes. Each of them is whole or absent. Once some keys
 * are deleted, whatever fails leaves the outcome of the request uncertain.
 */
final class RangeDelete {
  private final Access access;
  private final int step;
  private final @Nullable RequestName name;

  /**
   * @param access asked again before each revision
   * @param step keys that one revision may delete
   */
  RangeDelete(Access access, int step, @Nullable RequestName name) {
    this.access = access;
    this.step = step;
    this.name = name;
  }

  /** How many keys were deleted. */
  CompletionStage<Long> run(List<Shard> shards, KeyRange range) {
    CompletionStage<Long> deleted = CompletableFuture.completedStage(0L);
    for (Shard shard : shards) {
      deleted = deleted.thenCompose(before -> run(shard, range, before));
    }
    return deleted;
  }

  private CompletionStage<Long> run(Shard shard, KeyRange range, long before) {
    return CompletableFuture.completedStage(range)
        .thenCompose(rest -> submit(shard, rest, before))
        .exceptionally(failure -> failed(failure, before))
        .thenCompose(outcome -> goOn(shard, range, Outcomes.expect(RangeDeleted.class, outcome)));
  }

  private CompletionStage<Outcome> submit(Shard shard, KeyRange range, long before) {
    access.require(Permission.WRITE, range);
    return shard.submit(new Command.DeleteRange(range, step, before), name);
  }

  private CompletionStage<Long> goOn(Shard shard, KeyRange range, RangeDeleted done) {
    Bytes resume = done.resume();
    return resume == null
        ? CompletableFuture.completedStage(done.deleted())
        : run(shard, range.from(resume), done.deleted());
  }

  private static Outcome failed(Throwable failure, long before) {
    if (before == 0) {
      throw failure instanceof CompletionException known ? known : new CompletionException(failure);
    }
    throw KeyValueException.of(
            ErrorCode.INDETERMINATE,
            "The first %d keys are deleted, the rest is not certain.".formatted(before))
        .withCause(failure);
  }
}
