package org.kvstore.server.store;

import java.util.List;
import org.kvstore.server.model.Outcome;

/** What became of a group of an entry of a replicated log. */
public sealed interface GroupResult {

  /**
   * It was applied.
   *
   * @param outcomes in order
   */
  record Applied(List<Outcome> outcomes) implements GroupResult {
    /** Copies the outcomes. */
    public Applied {
      outcomes = List.copyOf(outcomes);
    }
  }

  /** It was passed over: it had been applied, or another one that its sender sent after it. */
  record Repeated() implements GroupResult {}

  /**
   * It was passed over and is not applied, as its sender is known from a later life.
   *
   * @param life that one
   */
  record Outdated(long life) implements GroupResult {}
}
