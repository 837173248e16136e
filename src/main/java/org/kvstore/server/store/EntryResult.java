package org.kvstore.server.store;

import java.util.List;
import org.kvstore.server.model.Outcome;

/** What became of an entry of a replicated log. */
public sealed interface EntryResult {

  /**
   * It was applied.
   *
   * @param outcomes in order
   */
  record Applied(List<Outcome> outcomes) implements EntryResult {
    /** Copies the outcomes. */
    public Applied {
      outcomes = List.copyOf(outcomes);
    }
  }

  /** It was passed over: it had been applied, or another one that its sender sent after it. */
  record Repeated() implements EntryResult {}

  /**
   * It was passed over and is not applied, as its sender is known from a later life.
   *
   * @param life that one
   */
  record Outdated(long life) implements EntryResult {}
}
