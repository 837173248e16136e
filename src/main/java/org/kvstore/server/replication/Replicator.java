package org.kvstore.server.replication;

import java.util.concurrent.CompletionStage;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.model.Submission;

/** Orders the commands of one shard, makes them durable and applies them to its store. */
public interface Replicator extends AutoCloseable {

  /**
   * Submits a command. Returns at once; commands of one caller are applied in the order of its
   * calls.
   *
   * <p>The stage completes with the outcome when the command is applied, durable and visible to
   * readers. It fails with a {@link org.kvstore.server.model.KeyValueException}: INDETERMINATE when
   * the command may have been or may yet be applied, any other code when it certainly never is. It
   * completes on a thread that may run the caller's continuation, never on the committing one.
   */
  CompletionStage<Outcome> submit(Submission submission);

  /** Takes no more commands, answers those that were taken, and returns when all are answered. */
  @Override
  void close();
}
