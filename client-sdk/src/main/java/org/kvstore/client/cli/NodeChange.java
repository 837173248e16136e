package org.kvstore.client.cli;

import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.kvstore.api.ClusterDocument;
import org.kvstore.client.KeyNotFoundException;
import org.kvstore.client.KeyValueClient;
import org.kvstore.client.UnavailableException;

/**
 * Adds a node, removes or drains it, and waits until that is done. The cluster goes on with it
 * whether somebody waits or not, so who was interrupted gives the same command again.
 */
final class NodeChange {
  /** How long a change may take: the server's minute, and its way. */
  private static final Duration ONE_ANSWER = Duration.ofSeconds(70);

  /** The same with its repeats, where there are several servers. */
  private static final Duration ALL_ANSWERS = Duration.ofMinutes(2);

  private static final Duration FOR_EVER = Duration.ofDays(36_500);
  private static final Duration INTERVAL = Duration.ofSeconds(1);
  private static final Duration LONGEST_SILENCE = Duration.ofMinutes(1);

  private final Kv kv;
  private final String node;

  /** Whether the node itself may be asked: what it leads it knows best. */
  private final boolean isWitness;

  private final NodeProgress progress;
  private final long began = System.nanoTime();
  private final Duration limit;

  /**
   * Of a node.
   *
   * @param goal what is to become of it
   */
  NodeChange(Kv kv, String node, NodeProgress.Goal goal) {
    this.kv = kv;
    this.node = node;
    isWitness = goal == NodeProgress.Goal.REST;
    progress = new NodeProgress(node, goal, kv.streams().out());
    limit = Optional.ofNullable(kv.timeout()).orElse(FOR_EVER);
  }

  /** Asks for a change of the cluster, which may take a minute. */
  static ClusterDocument ask(Kv kv, Function<KeyValueClient, ClusterDocument> change)
      throws IOException {
    Duration limit = Optional.ofNullable(kv.timeout()).orElse(FOR_EVER);
    Duration one = Kv.shorter(limit, ONE_ANSWER);
    Duration all = Kv.shorter(limit, ALL_ANSWERS);
    try (KeyValueClient client = kv.connect(kv.servers(), one, all)) {
      return change.apply(client);
    }
  }

  /** Asks for it and waits, as long as the options say. Returns the exit code. */
  int run(Function<KeyValueClient, ClusterDocument> change) throws IOException {
    try (ClusterViews views = new ClusterViews(kv, isWitness ? null : node, limit)) {
      Optional<ClusterDocument> before = views.read();
      if (before.isEmpty()) {
        throw kv.usage(
            node + " itself is asked, which does not see this to its end; name another --server");
      }
      return begin(change, before.get()) ? ExitCode.OK : await(views);
    }
  }

  private boolean begin(Function<KeyValueClient, ClusterDocument> change, ClusterDocument before)
      throws IOException {
    try {
      return progress.show(ask(kv, change));
    } catch (KeyNotFoundException gone) {
      // It has gone meanwhile, or what went on before this command was interrupted goes on.
      if (progress.isKnownTo(before)) {
        return progress.show(before);
      }
      throw gone;
    }
  }

  private int await(ClusterViews views) throws IOException {
    long heard = System.nanoTime();
    while (isInTimeAfterPause()) {
      try {
        Optional<ClusterDocument> seen = views.read();
        if (seen.isPresent()) {
          heard = System.nanoTime();
          if (progress.show(seen.get())) {
            return ExitCode.OK;
          }
        }
      } catch (UnavailableException silent) {
        if (isOver(heard, LONGEST_SILENCE)) {
          throw silent;
        }
      }
    }
    return kv.fail(
        ExitCode.UNAVAILABLE,
        progress + " when the time was over; it goes on, and the same command waits for it");
  }

  private boolean isInTimeAfterPause() throws IOException {
    long left = limit.toNanos() - (System.nanoTime() - began);
    try {
      TimeUnit.NANOSECONDS.sleep(Math.min(left, INTERVAL.toNanos()));
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", interrupted);
    }
    return !isOver(began, limit);
  }

  private static boolean isOver(long since, Duration limit) {
    return System.nanoTime() - since >= limit.toNanos();
  }
}
