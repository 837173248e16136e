package org.kvstore.server.replication.raft;

import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** Answers what other nodes ask of the replicas here. */
@FunctionalInterface
public interface ReplicaReads {
  /** Of a node without replicas that could be read. */
  ReplicaReads NONE = question -> null;

  /**
   * Answers a question; called by a thread that must not be blocked.
   *
   * @return completes with the answer, and does not fail; null when there is no replica here
   */
  @Nullable CompletionStage<ReadAnswer> answer(ReadQuestion question);
}
