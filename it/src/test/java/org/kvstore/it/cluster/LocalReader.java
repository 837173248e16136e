package org.kvstore.it.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.kvstore.api.Headers;
import org.kvstore.it.history.Call;
import org.kvstore.it.history.Call.Effect;
import org.kvstore.it.history.Result;
import org.kvstore.it.history.Revision;
import org.kvstore.it.history.Revision.Change;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.RawRequest;
import org.kvstore.it.support.Service;

/**
 * A client that reads what single nodes have, {@code consistency=local}. Each such read shows the
 * key as it was at some revision. Where a node has a replica of the shard all the time, it never
 * goes back, over all keys of the shard, as long as the node's process lives. And it is hardly
 * older than the answer says.
 *
 * <p>Hardly, as a node can count only from when it read a leader's message, whatever held that up,
 * and from a leader's that is none any more and has not noticed.
 */
final class LocalReader implements Runnable {
  private static final int REST_MILLIS = 20;
  private static final Duration MOST_UNTOLD = Duration.ofSeconds(10);

  private final Cluster cluster;
  private final List<String> keys;
  private final Random random;
  private final CountDownLatch stop;
  private final List<Seen> seen = new ArrayList<>();
  private final Optional<ClusterStatus> before;

  LocalReader(Cluster cluster, Keys keys, Random random, CountDownLatch stop) {
    this.cluster = cluster;
    this.keys = keys.all();
    this.random = random;
    this.stop = stop;
    before = ClusterStatus.of(cluster.any(random));
  }

  /**
   * One read.
   *
   * @param starts which process of the node has answered; 0 when it may have been any
   * @param revision of the entry, 0 for none
   * @param notAfter nothing that was acknowledged before it may be missing; null when the answer
   *     does not say
   */
  private record Seen(Node node, int starts, String key, long revision, Optional<Long> notAfter) {}

  @Override
  public void run() {
    while (stop.getCount() > 0) {
      read(cluster.any(random), keys.get(random.nextInt(keys.size())));
      rest();
    }
  }

  private void read(Node node, String key) {
    int starts = node.starts();
    long invoked = System.nanoTime();
    RawRequest get = node.service().get(Service.target(key) + "?consistency=local");
    Optional<Answer> answer =
        Node.ask(node.service(), get).filter(read -> List.of(200, 404).contains(read.status()));
    if (answer.isEmpty()) {
      return;
    }
    Answer read = answer.get();
    seen.add(
        new Seen(
            node,
            starts == node.starts() ? starts : 0,
            key,
            read.status() == 200 ? read.revision() : 0,
            read.findHeader(Headers.AGE)
                .map(age -> invoked - TimeUnit.MILLISECONDS.toNanos(Long.parseLong(age)))));
  }

  /** Checks all reads against what followers have seen and what clients were told. */
  void check(Map<Integer, List<Revision>> all, Collection<Call> calls, Journal journal) {
    Map<String, Past> pasts = pasts(all, calls);
    Map<List<Object>, Long> newest = new HashMap<>();
    Optional<ClusterStatus> after = ClusterStatus.of(cluster.any(random));
    long untold = 0;
    for (Seen one : seen) {
      Past past = pasts.getOrDefault(one.key(), new Past());
      int shard = Keys.shard(one.key(), cluster.shards());
      if (one.starts() > 0 && hasReplica(before, one, shard) && hasReplica(after, one, shard)) {
        List<Object> replica = List.of(one.node().id(), one.starts(), shard);
        newest.put(replica, past.earliest(one.revision(), newest.getOrDefault(replica, 0L), one));
      } else {
        past.earliest(one.revision(), 0, one);
      }
      untold =
          Math.max(untold, one.notAfter().map(at -> past.missed(one.revision(), at)).orElse(0L));
    }
    journal.count("local reads", seen.size());
    journal.count(
        "local reads of known age",
        seen.stream().filter(one -> one.notAfter().isPresent()).count());
    journal.count(
        "ms that a local read was older than told", TimeUnit.NANOSECONDS.toMillis(untold));
    assertThat(Duration.ofNanos(untold))
        .as("how much older than told a local read was")
        .isLessThan(MOST_UNTOLD);
  }

  private static boolean hasReplica(Optional<ClusterStatus> status, Seen one, int shard) {
    return status.filter(now -> now.replicas(shard).contains(one.node().id())).isPresent();
  }

  private static Map<String, Past> pasts(Map<Integer, List<Revision>> all, Collection<Call> calls) {
    Map<String, Past> pasts = new HashMap<>();
    for (List<Revision> revisions : all.values()) {
      for (Revision revision : revisions) {
        for (Change change : revision.changes()) {
          pasts
              .computeIfAbsent(change.key(), key -> new Past())
              .changed(revision.number(), change.isPut());
        }
      }
    }
    for (Call call : calls) {
      for (Effect effect : call.effects()) {
        long revision = revision(effect.result());
        if (revision > 0) {
          pasts
              .computeIfAbsent(effect.key(), key -> new Past())
              .acknowledged(revision, call.returned());
        }
      }
    }
    return pasts;
  }

  private static long revision(Result result) {
    if (result instanceof Result.Written written) {
      return written.revision();
    }
    return result instanceof Result.Changed changed ? changed.revision() : 0;
  }

  private void rest() {
    try {
      stop.await(REST_MILLIS, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
