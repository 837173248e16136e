package org.kvstore.server.replication;

import java.util.concurrent.CompletionStage;
import org.kvstore.server.model.Histogram;
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

  /**
   * Completes when every write acknowledged before the call, at whatever node, can be read from the
   * store here. It fails with UNAVAILABLE when nobody can say so in time. On one node it is
   * complete at once.
   */
  CompletionStage<Void> readBarrier();

  /** Whether this node is the one to propose what time brings: expiry and compaction. */
  boolean leads();

  /** Gives up on writes that have waited too long; to be called several times a second. */
  void sweep();

  /** Whether its threads run, without which no write is ever answered. */
  boolean isAlive();

  /** Whether more writes come than can be committed, so that they wait for longer and longer. */
  boolean isOverloaded();

  /** Whether a write that comes now would wait for too long, under overload. */
  boolean refuses();

  /** Writes that wait to be committed. */
  int queueDepth();

  /** Bytes that they hold. */
  long queueBytes();

  /** From submission to acknowledgement. */
  Histogram commits();

  /** Writes in a group. */
  Histogram groupSizes();

  /** Takes no more commands, answers those that were taken, and returns when all are answered. */
  @Override
  void close();
}
