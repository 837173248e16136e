package org.kvstore.server.security;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.shard.Shards;

/**
 * Whether this node hears of changes of the rules: on a node of a cluster, whether its replica of
 * the system's shard follows. A single server always does.
 *
 * <p>It is asked at each question, and looks ten times a second at the most; threads that look at
 * the same time see the same.
 */
final class RulesFeed {
  /** By rules that were current before nothing is permitted but to read what the node has. */
  static final Duration RECENT = Duration.ofSeconds(10);

  private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  private final Supplier<String> problem;
  private final Supplier<Optional<Long>> age;
  private volatile @Nullable Seen seen;

  private record Seen(boolean isThere, boolean isRecent, long at) {}

  /**
   * @param problem why the replica follows no more; empty while it may
   * @param age how long ago it was current: milliseconds; empty when that is not known
   */
  RulesFeed(Supplier<String> problem, Supplier<Optional<Long>> age) {
    this.problem = problem;
    this.age = age;
  }

  static RulesFeed of(Shards shards) {
    return new RulesFeed(
        () -> shards.problem(shards.system()), () -> shards.age(List.of(shards.system())).get());
  }

  /**
   * Whether it hears of changes, now or once it is not cut off any more.
   *
   * @throws KeyValueException UNAVAILABLE when it never will: its replica has failed or ended, or
   *     the node is no member
   */
  void requireThere() {
    if (!look().isThere()) {
      throw KeyValueException.of(
          ErrorCode.UNAVAILABLE,
          "This node does not hear any more which tokens and grants there are; its readiness says"
              + " why. Ask another.");
    }
  }

  /**
   * Whether it has heard of all changes up to {@link #RECENT} ago.
   *
   * @throws KeyValueException UNAVAILABLE when it has not
   */
  void requireRecent() {
    if (!look().isRecent()) {
      throw KeyValueException.of(
          ErrorCode.UNAVAILABLE,
          ("This node has not heard for %d s whether tokens and grants have changed. Ask another,"
                  + " or with consistency=local.")
              .formatted(RECENT.toSeconds()));
    }
  }

  private Seen look() {
    long now = System.nanoTime();
    Seen last = seen;
    if (last == null || now - last.at() > LOOK_NANOS) {
      boolean isRecent = age.get().filter(millis -> millis <= RECENT.toMillis()).isPresent();
      last = new Seen(problem.get().isEmpty(), isRecent, now);
      seen = last;
    }
    return last;
  }
}
