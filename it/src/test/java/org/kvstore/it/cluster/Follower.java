package org.kvstore.it.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.kvstore.it.history.Revision;
import org.kvstore.it.support.EventStream;
import org.kvstore.it.support.EventStream.ServerEvent;
import org.kvstore.it.support.RawConnection;
import org.kvstore.it.support.RawRequest;

/**
 * A client that follows the changes of the store over the ends of its connections, at one node
 * after the other: it resumes after the last event id that it has seen, and forgets what has come
 * after that, as EventSource does.
 */
final class Follower implements Runnable {
  private static final Duration PATIENCE = Duration.ofSeconds(5);
  private static final int REST_MILLIS = 100;
  private static final int MOST_REVISIONS_AT_ONE_NODE = 3_000;

  private final Cluster cluster;
  private final Random random;
  private final String query;
  private final CountDownLatch stop = new CountDownLatch(1);

  /** By shard; guarded by itself. */
  private final Map<Integer, List<Revision>> revisions = new HashMap<>();

  private String position;
  private volatile int connections;

  /**
   * @param query what it follows, such as {@code prefix=a}; empty for all
   * @param position where it begins
   */
  Follower(Cluster cluster, Random random, String query, String position) {
    this.cluster = cluster;
    this.random = random;
    this.query = query;
    this.position = position;
  }

  /** How often it has been connected. */
  int connections() {
    return connections;
  }

  /** The newest revision that it has seen of a shard, or 0. */
  long newest(int shard) {
    synchronized (revisions) {
      List<Revision> seen = revisions.getOrDefault(shard, List.of());
      return seen.isEmpty() ? 0 : seen.get(seen.size() - 1).number();
    }
  }

  /** What it has seen, by shard, in order. */
  Map<Integer, List<Revision>> revisions() {
    synchronized (revisions) {
      Map<Integer, List<Revision>> copy = new HashMap<>();
      revisions.forEach((shard, of) -> copy.put(shard, List.copyOf(of)));
      return copy;
    }
  }

  void stop() {
    stop.countDown();
  }

  @Override
  public void run() {
    while (stop.getCount() > 0) {
      follow(cluster.any(random));
      rest();
    }
  }

  private void follow(Node node) {
    RawRequest request =
        node.service()
            .get("/v1/watch" + (query.isEmpty() ? "" : "?" + query))
            .header("Last-Event-ID", position);
    try (RawConnection connection = new RawConnection(node.service().port(), PATIENCE)) {
      EventStream stream = EventStream.openIfAvailable(connection, request);
      if (stream != null) {
        connections++;
        follow(stream, random.nextInt(MOST_REVISIONS_AT_ONE_NODE));
      }
    } catch (IOException | UncheckedIOException nodeIsGone) {
      // Another one goes on.
    }
  }

  private void follow(EventStream stream, int most) {
    List<ServerEvent> events = new ArrayList<>();
    for (int seen = 0; seen < most && stop.getCount() > 0; ) {
      ServerEvent event = stream.next();
      if (event.type().equals("progress")) {
        assertThat(events).as("progress within a revision").isEmpty();
      } else {
        assertThat(event.type()).isIn("put", "delete");
        events.add(event);
      }
      @Nullable String id = event.id();
      if (id != null) {
        position = id;
        take(events);
        seen++;
      }
    }
  }

  private void take(List<ServerEvent> events) {
    if (!events.isEmpty()) {
      Revision revision = Revision.of(events);
      int shard = Keys.shard(revision.changes().get(0).key(), cluster.shards());
      synchronized (revisions) {
        revisions.computeIfAbsent(shard, none -> new ArrayList<>()).add(revision);
      }
      events.clear();
    }
  }

  private void rest() {
    try {
      stop.await(REST_MILLIS, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
