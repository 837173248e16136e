package org.kvstore.it.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.kvstore.it.history.Action;
import org.kvstore.it.history.Call;
import org.kvstore.it.history.Request;
import org.kvstore.it.history.Result;
import org.kvstore.it.history.Single;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.Service;

/**
 * A workload on a cluster, two followers of it and one who reads what single nodes have, from its
 * beginning to the checks of it.
 */
final class Round implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  private final Cluster cluster;
  private final String prefix;
  private final CountDownLatch stop = new CountDownLatch(1);
  private final Journal journal = new Journal();
  private final List<Client> clients = new ArrayList<>();
  private final List<Future<?>> running = new ArrayList<>();
  private final List<Future<?>> following = new ArrayList<>();
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final Mortals mortals;
  private final LocalReader local;
  private final Follower all;
  private final Follower some;
  private final Random random;
  private final String one;
  private final boolean isTimeSteady;

  /** Begins; nobody else may write. */
  Round(Cluster cluster, Nemesis nemesis, int count, Random seeds) {
    this.cluster = cluster;
    String name = nemesis.name().toLowerCase(Locale.ROOT);
    prefix = name + "/";
    one = prefix + "{g1}/";
    random = random(seeds);
    isTimeSteady = nemesis.isTimeSteady();
    String position = position(cluster.any(seeds));
    all = new Follower(cluster, random(seeds), "", position);
    some = new Follower(cluster, random(seeds), "prefix=" + Service.parameter(one), position);
    mortals = new Mortals(cluster, random(seeds), prefix + "mortal/", isTimeSteady, stop, journal);
    local = new LocalReader(cluster, new Keys(prefix), random(seeds), stop);
    for (int i = 0; i < count; i++) {
      Mix requests = new Mix(new Keys(prefix), name + "-" + i, random(seeds));
      clients.add(new Client(cluster, requests, random(seeds), i % 2 == 0, stop, journal));
    }
    following.add(threads.submit(all));
    following.add(threads.submit(some));
    running.add(threads.submit(mortals));
    running.add(threads.submit(local));
    clients.forEach(client -> running.add(threads.submit(client)));
  }

  private static Random random(Random seeds) {
    return new Random(seeds.nextLong());
  }

  /** How many operations have an outcome so far. */
  long operations() {
    return journal.operations();
  }

  Journal journal() {
    return journal;
  }

  /** Ends the workload on a cluster that is whole again, and checks all that was done and seen. */
  void check(History history) throws Exception {
    stop.countDown();
    for (Future<?> client : running) {
      client.get();
    }
    journal.count("ms that a mortal key was late", mortals.latest().toMillis());
    awaitNoMortals();
    Keys keys = new Keys(prefix);
    List<Call> calls = new ArrayList<>();
    clients.forEach(client -> calls.addAll(client.calls()));
    keys.all().forEach(key -> calls.add(call(new Single("read", key, new Action.Get()))));
    List<Call> last = keys.marks(cluster.shards()).stream().map(this::mark).toList();
    calls.addAll(last);
    try {
      history.awaitSeen(all, last);
    } finally {
      // What has ended a follower says more than that it is behind.
      stopFollowing();
    }
    journal.requireNoSurprise();
    history.append(all.revisions(), calls);
    History.requireSame(all.revisions(), some.revisions(), key -> key.startsWith(one));
    local.check(all.revisions(), calls, journal);
    Replicas.requireEqual(cluster, history.entries());
  }

  private void stopFollowing() throws Exception {
    all.stop();
    some.stop();
    for (Future<?> follower : following) {
      follower.get();
    }
    journal.count("connections of the followers", all.connections() + some.connections());
  }

  private Call mark(String key) {
    return call(new Single("mark/" + key, key, new Action.Put(key, 0)));
  }

  /** Sends the same until it is answered: on a busy machine there may be an election yet. */
  private Call call(Request request) {
    long invoked = System.nanoTime();
    return await()
        .atMost(PATIENCE)
        .pollInterval(Duration.ofMillis(100))
        .until(
            () -> {
              Answer answer = request.to(cluster.any(random).service()).send();
              return new Call(request, invoked, System.nanoTime(), answer);
            },
            Round::isDone);
  }

  private static boolean isDone(Call call) {
    return call.effects().stream()
        .map(Call.Effect::result)
        .noneMatch(result -> result instanceof Result.Refused || result instanceof Result.Unknown);
  }

  /** What was to end has ended: where a clock was ahead, once the others have come as far. */
  private void awaitNoMortals() {
    Duration ahead = isTimeSteady ? Duration.ZERO : Duration.ofSeconds(Nemesis.SWING);
    await()
        .atMost(PATIENCE.plus(ahead))
        .pollInterval(Duration.ofMillis(100))
        .untilAsserted(
            () -> assertThat(count(prefix + "mortal/")).as("keys that were to end").isZero());
  }

  private int count(String under) {
    return cluster
        .any(random)
        .service()
        .get("/v1/kv?countOnly=true&prefix=" + under)
        .send()
        .expect(200)
        .json()
        .getInt("count");
  }

  private static String position(Node node) {
    return await()
        .atMost(PATIENCE)
        .until(() -> node.service().get("/v1/kv?countOnly=true").send(), Round::isFound)
        .json()
        .getString("position");
  }

  private static boolean isFound(Answer answer) {
    return answer.status() == 200;
  }

  @Override
  public void close() {
    stop.countDown();
    all.stop();
    some.stop();
    threads.shutdownNow();
  }
}
