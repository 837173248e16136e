package org.kvstore.server.service;

import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Outcome;

/** Tells the outcome that was hoped for from the error that another one stands for. */
final class Outcomes {
  private Outcomes() {}

  /**
   * The outcome of the expected kind.
   *
   * @throws KeyValueException what another kind stands for
   */
  static <T extends Outcome> T expect(Class<T> kind, Outcome outcome) {
    if (kind.isInstance(outcome)) {
      return kind.cast(outcome);
    }
    throw error(outcome);
  }

  /** Waits for what a stage completes with, and throws what it fails with. */
  static <T> T await(CompletionStage<T> stage) {
    try {
      return stage.toCompletableFuture().join();
    } catch (CompletionException e) {
      throw e.getCause() instanceof KeyValueException known ? known : e;
    }
  }

  private static KeyValueException error(Outcome outcome) {
    if (outcome instanceof Outcome.OperationRefused refused) {
      return error(refused.reason())
          .ofOperation(refused.succeeded() ? "then" : "else", refused.operation());
    }
    if (outcome instanceof Outcome.Missing) {
      return KeyValueException.of(ErrorCode.NOT_FOUND, "There is no such key.");
    }
    if (outcome instanceof Outcome.ConditionFailed failed) {
      return KeyValueException.of(
              ErrorCode.PRECONDITION_FAILED,
              failed.currentRevision() == 0
                  ? "There is no such key."
                  : "The entry is at another revision than the condition asks for.")
          .withCurrentRevision(failed.currentRevision());
    }
    if (outcome instanceof Outcome.NoBranch) {
      return KeyValueException.of(ErrorCode.NOT_FOUND, "There is no such lease.")
          .withField("lease");
    }
    if (outcome instanceof Outcome.Rejected rejected) {
      KeyValueException error = KeyValueException.of(rejected.code(), rejected.detail());
      error = rejected.field().isEmpty() ? error : error.withField(rejected.field());
      return rejected.limit() < 0 ? error : error.withLimit(rejected.limit());
    }
    return KeyValueException.invalid(
        "Idempotency-Key", "This Idempotency-Key was used for another request.");
  }
}
