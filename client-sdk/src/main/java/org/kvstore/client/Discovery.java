package org.kvstore.client;

import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ClusterDocument;

/**
 * Finds out which nodes there are, by asking one of them now and then, beside the requests of the
 * client. What a server answers that is no node of a cluster changes nothing.
 */
final class Discovery {
  /** When to ask again after nobody has answered. */
  private static final Duration SOON = Duration.ofSeconds(1);

  private final Nodes nodes;
  private final Executor threads;
  private final @Nullable Duration interval;
  private final LongSupplier clock;
  private final AtomicLong dueAt;

  /**
   * The discovery of a client.
   *
   * @param nodes whom to ask, and what to bring up to date
   * @param interval how often at most; null for never
   * @param threads where it asks
   * @param clock nanoseconds
   */
  Discovery(Nodes nodes, @Nullable Duration interval, Executor threads, LongSupplier clock) {
    this.nodes = nodes;
    this.interval = interval;
    this.threads = threads;
    this.clock = clock;
    dueAt = new AtomicLong(clock.getAsLong());
  }

  void refreshWhenDue() {
    if (interval == null) {
      return;
    }
    long now = clock.getAsLong();
    long due = dueAt.get();
    if (now - due >= 0 && dueAt.compareAndSet(due, now + interval.toNanos())) {
      threads.execute(this::refresh);
    }
  }

  private void refresh() {
    for (Node node : nodes.inOrder()) {
      try {
        take(Transport.READ.call(() -> node.api().cluster()));
        return;
      } catch (KeyNotFoundException single) {
        return;
      } catch (KeyValueException | IllegalStateException noAnswer) {
        // The next node may know, unless the client is closed.
      }
    }
    dueAt.set(clock.getAsLong() + SOON.toNanos());
  }

  private void take(ClusterDocument cluster) {
    List<URI> told = told(cluster, nodes.seeds());
    if (!told.isEmpty()) {
      nodes.replace(told);
    }
  }

  /** The addresses in an answer that are believed. */
  static List<URI> told(ClusterDocument cluster, List<URI> seeds) {
    boolean secure = seeds.stream().allMatch(Discovery::isSecure);
    return cluster.nodes().stream()
        .flatMap(node -> server(node.url()).stream())
        .filter(uri -> !secure || isSecure(uri))
        .toList();
  }

  /** A token that goes to servers by TLS only is not sent in clear because one of them says so. */
  private static boolean isSecure(URI uri) {
    return "https".equals(uri.getScheme());
  }

  private static Optional<URI> server(@Nullable String url) {
    try {
      return Optional.ofNullable(url).map(URI::create).map(Servers::checked);
    } catch (IllegalArgumentException notAServer) {
      return Optional.empty();
    }
  }
}
