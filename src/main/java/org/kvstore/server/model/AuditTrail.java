package org.kvstore.server.model;

import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;

/**
 * Hears what the sender of one request does, once it is done or refused: who may look at it later
 * learns who did what, never a value.
 */
@FunctionalInterface
public interface AuditTrail {
  /** Nobody wants to know. */
  AuditTrail NONE = (action, target, outcome) -> {};

  /** How an action ended that did what it says. */
  String DONE = "DONE";

  /** The action of finding out who sent a request, or whether that is proven still. */
  String AUTHENTICATE = "authenticate";

  /**
   * Something was done, or refused.
   *
   * @param action what: put, delete, backup, ...
   * @param target to which key, range or rule; empty where there is but one
   * @param outcome {@link #DONE}, or the {@link ErrorCode} that it was answered with
   */
  void record(String action, String target, String outcome);

  /**
   * Records how a stage ends, before whoever waits for it hears of that.
   *
   * @param target is asked only if somebody wants to know
   */
  default <T> CompletionStage<T> of(
      String action, Supplier<String> target, CompletionStage<T> stage) {
    return of(action, done -> target.get(), stage);
  }

  /**
   * The same where it shows only then what was done.
   *
   * @param target is asked with what the stage gave, or null when it failed
   */
  default <T> CompletionStage<T> of(
      String action, Function<@Nullable T, String> target, CompletionStage<T> stage) {
    if (this == NONE) {
      return stage;
    }
    return stage.whenComplete(
        (done, failure) -> record(action, target.apply(done), outcome(failure)));
  }

  /** Records a check if it refuses. */
  default void check(String action, String target, Runnable check) {
    try {
      check.run();
    } catch (KeyValueException refusal) {
      record(action, target, refusal.code().name());
      throw refusal;
    }
  }

  /** Records a denial that is answered as if there were nothing to deny. */
  default void denied(String action, String target) {
    record(action, target, ErrorCode.FORBIDDEN.name());
  }

  /** Records how a call ends. */
  default <T> T of(String action, String target, Supplier<T> call) {
    try {
      T done = call.get();
      record(action, target, DONE);
      return done;
    } catch (RuntimeException e) {
      record(action, target, outcome(e));
      throw e;
    }
  }

  private static String outcome(@Nullable Throwable failure) {
    if (failure == null) {
      return DONE;
    }
    return Failures.causeOf(failure) instanceof KeyValueException known
        ? known.code().name()
        : ErrorCode.INTERNAL.name();
  }
}
