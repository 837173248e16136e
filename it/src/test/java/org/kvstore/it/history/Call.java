package org.kvstore.it.history;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.kvstore.it.history.Result.Refused;
import org.kvstore.it.history.Result.Unknown;
import org.kvstore.it.support.Answer;

/**
 * One request of one client, and what the client knows of it.
 *
 * @param invoked before it was sent
 * @param returned after it was answered, or {@link Operation#OPEN}
 * @param answer what came, which may be cut short in the middle of a batch; null for nothing
 */
public record Call(Request request, long invoked, long returned, @Nullable Answer answer) {

  /** What it did to each key, as far as that is known. */
  public List<Effect> effects() {
    return answer == null ? request.unknown() : request.effects(answer);
  }

  /** Whether it may have done more than its client knows. */
  public boolean isUnknown() {
    return answer == null
        || effects().stream().anyMatch(effect -> effect.result() instanceof Unknown);
  }

  /** The answer of one that has one. */
  public Answer answered() {
    return Objects.requireNonNull(answer);
  }

  /** Whether it was answered whole, and the answer to any repeat of it has to be the same. */
  public boolean isDecided() {
    return answer != null
        && returned != Operation.OPEN
        && !(request instanceof Single single && single.action() instanceof Action.Get)
        && answer.status() < 500
        && effects().stream()
            .map(Effect::result)
            .noneMatch(result -> result instanceof Refused || result instanceof Unknown);
  }

  /** The same, if it can have no effect after some moment. */
  public Call endedAt(long moment) {
    return new Call(request, invoked, Math.min(returned, moment), answer);
  }

  /** Its part in the history of each key. */
  public List<Operation> operations() {
    List<Operation> operations = new ArrayList<>();
    for (Effect effect : effects()) {
      if (!(effect.result() instanceof Refused)) {
        operations.add(
            new Operation(effect.key(), effect.action(), effect.result(), invoked, returned));
      }
    }
    return operations;
  }

  /** What a request did to one key. */
  public record Effect(String key, Action action, Result result) {}
}
