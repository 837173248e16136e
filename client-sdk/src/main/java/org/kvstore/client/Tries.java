package org.kvstore.client;

import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One request on its way through the nodes: where it has been, when it may be sent again, and what
 * is known of its outcome. It goes to each node that does not rest at once; then it pauses, each
 * time for longer, and begins anew. Used by one thread at a time.
 */
final class Tries {
  private static final Duration NO_PAUSE = Duration.ZERO;

  private final Nodes nodes;
  private final RetryRule rule;
  private final Deadline deadline;
  private final Backoff pauses;
  private final Set<Node> tried = new HashSet<>();
  private int rounds;
  private int sent;
  private long sentAt;

  /** Whether the service has answered, or somebody has not at all, and so may in time. */
  private boolean hopeful;

  /** The shortest time that a node of this round has asked for. */
  private @Nullable Duration asked;

  /** The first failure that leaves the outcome of a write unknown. */
  private @Nullable KeyValueException unknown;

  Tries(Nodes nodes, RetryRule rule, Deadline deadline, Backoff pauses) {
    this.nodes = nodes;
    this.rule = rule;
    this.deadline = deadline;
    this.pauses = pauses;
  }

  /** The node to send it to now. */
  Node next() {
    sent++;
    sentAt = System.nanoTime();
    return nodes.pick(tried);
  }

  RetryRule rule() {
    return rule;
  }

  Duration left() {
    return deadline.left();
  }

  void succeeded(Node node) {
    nodes.succeeded(node);
  }

  /**
   * Takes note of a failure and says how long to pause before it is sent again.
   *
   * @throws KeyValueException if it is not to be sent again
   */
  Duration pauseAfter(Node node, KeyValueException failure) {
    RetryRule.Verdict verdict = rule.judge(failure);
    remember(node, failure, verdict);
    if (verdict == RetryRule.Verdict.GIVE_UP || deadline.isBefore(NO_PAUSE)) {
      throw ending(failure);
    }
    if (verdict != RetryRule.Verdict.LATER) {
      tried.add(node);
      if (nodes.hasOther(tried)) {
        return NO_PAUSE;
      }
    }
    if (!hopeful) {
      throw ending(failure);
    }
    Duration pause = pause();
    if (deadline.isBefore(pause)) {
      throw ending(failure);
    }
    return pause;
  }

  /** What is to be thrown when the caller's thread is interrupted in a pause. */
  KeyValueException interrupted(KeyValueException failure) {
    return ending(failure);
  }

  private void remember(Node node, KeyValueException failure, RetryRule.Verdict verdict) {
    hopeful |= verdict != RetryRule.Verdict.ELSEWHERE_ONCE;
    failure.retryAfter().filter(this::isShortest).ifPresent(time -> asked = time);
    if (unknown == null && rule.isInDoubtAfter(failure)) {
      unknown = failure;
    }
    if (failure.status() == 0) {
      nodes.failed(node, Duration.ofNanos(System.nanoTime() - sentAt));
      return;
    }
    switch (verdict) {
      case ELSEWHERE, ELSEWHERE_ONCE ->
          nodes.refused(node, failure.retryAfter().orElse(Nodes.LEAST_REST));
      case GIVE_UP, LATER -> nodes.succeeded(node);
    }
  }

  private boolean isShortest(Duration time) {
    return asked == null || time.compareTo(asked) < 0;
  }

  /** The pause after a round: not less than was asked for, and not the same for all clients. */
  private Duration pause() {
    Duration random = pauses.after(++rounds);
    Duration pause = asked == null ? random : asked.plus(random);
    tried.clear();
    asked = null;
    return pause;
  }

  /** The failure for the caller, which says what is unknown, and how often it was tried. */
  private KeyValueException ending(KeyValueException last) {
    if (sent == 1) {
      return last;
    }
    String times = " (sent " + sent + " times)";
    KeyValueException first = unknown;
    if (first == null || RetryRule.settles(last)) {
      return KeyValueException.of(last.failure().saying(last.getMessage() + times), last);
    }
    String sentence =
        first == last
            ? last.getMessage() + times
            : first.getMessage() + "; then: " + last.getMessage() + times;
    return KeyValueException.of(first.failure().inDoubt().saying(sentence), last);
  }
}
