package org.kvstore.it.history;

import java.util.List;
import org.kvstore.it.history.Call.Effect;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.RawRequest;
import org.kvstore.it.support.Service;

/** A request of the workload: how it is sent and what its answers mean. */
public interface Request {

  /** The request to a server; always the same one. */
  RawRequest to(Service service);

  /** What it may have done. */
  List<Effect> unknown();

  /** What it did, by its answer. */
  List<Effect> effects(Answer answer);

  /** What every answer to it says, however often it is sent. */
  default Object outcome(Answer answer) {
    return effects(answer);
  }

  /** What it is called in the tally. */
  default String label() {
    return getClass().getSimpleName();
  }

  /** Whether it writes all that it writes in one revision. */
  default boolean isAtomic() {
    return true;
  }
}
