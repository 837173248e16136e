package org.kvstore.server.store;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.model.Submission;

/**
 * Evaluates the group of a log entry. It is total: a command that cannot be evaluated is rejected,
 * and the others go on without it, in the same way on every replica.
 */
final class EntryEvaluation {
  private static final Logger LOG = System.getLogger(EntryEvaluation.class.getName());
  private static final Outcome BROKEN =
      new Outcome.Rejected(ErrorCode.INTERNAL, "The command could not be evaluated.", "", -1);

  private final QueueHeads heads;
  private final Supplier<Staging> stagings;
  private final Function<Staging, Evaluator> evaluators;

  /**
   * @param heads forgotten with what was evaluated in vain
   * @param stagings begins anew
   * @param evaluators evaluates into one of them
   */
  EntryEvaluation(
      QueueHeads heads, Supplier<Staging> stagings, Function<Staging, Evaluator> evaluators) {
    this.heads = heads;
    this.stagings = stagings;
    this.evaluators = evaluators;
  }

  /**
   * A group that was evaluated.
   *
   * @param staging what it writes
   * @param outcomes in order
   */
  record Evaluated(Staging staging, List<Outcome> outcomes) {}

  /**
   * Evaluates the group.
   *
   * @throws KeyValueException when the files of this replica cannot be read
   */
  Evaluated evaluate(List<Submission> group) {
    Set<Integer> broken = new HashSet<>();
    while (true) {
      Staging staging = stagings.get();
      Evaluator evaluator = evaluators.apply(staging);
      List<Outcome> outcomes = new ArrayList<>(group.size());
      try {
        while (outcomes.size() < group.size()) {
          int at = outcomes.size();
          outcomes.add(broken.contains(at) ? BROKEN : evaluator.evaluate(group.get(at)));
        }
        return new Evaluated(staging, outcomes);
      } catch (KeyValueException e) {
        // The files of this replica cannot be read: the others need not see the same.
        heads.forget();
        throw e;
      } catch (RuntimeException | StackOverflowError e) {
        LOG.log(Level.ERROR, "A command could not be evaluated.", e);
        heads.forget();
        broken.add(outcomes.size());
      }
    }
  }
}
