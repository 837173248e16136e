package org.kvstore.server.replication.raft;

import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.kvstore.server.store.Store;

/**
 * Has the replicas of data shards come to this node and go from it. A replica comes when the leader
 * of the registry asks for it, and is read from once it is a member's and has caught up. When its
 * shard has others for its members it is read from no more; and once nobody speaks to it any more,
 * and the leader with a majority behind it says that this node is no member, it is deleted. One
 * that has failed is read from no more either; as long as it is a member's it stays, and begins
 * again when it can, see {@link ReplicaRecovery}.
 *
 * <p>The last is asked twice, before and after the replica has ended: what it has acknowledged
 * until then does not count any more, and after that it acknowledges nothing.
 *
 * <p>One thread opens and drops, which may take seconds for each; another one, which waits for
 * nothing, has what goes read elsewhere meanwhile. Of one shard they follow one another, by a lock
 * of its own. The monitor guards who asked when, and which replica is ending: one that is ending is
 * not said to be there.
 */
final class Hosting implements AutoCloseable {
  private static final Logger LOG = System.getLogger(Hosting.class.getName());
  private static final long PAUSE_MILLIS = 300;

  /** For so long a replica that was asked for is kept, whatever others say. */
  private static final long WANTED_NANOS = TimeUnit.SECONDS.toNanos(6);

  private final ReplicaHost host;
  private final Replicas replicas;
  private final Participation participation;
  private final Belonging belonging;
  private final ReplicaRecovery recovery;
  private final Repeater repeater = new Repeater("kv-cluster-replicas", PAUSE_MILLIS, this::step);
  private final Repeater watcher =
      new Repeater("kv-cluster-reads", PAUSE_MILLIS, this::lookWhatGoes);
  private final Map<Integer, ReentrantLock> switches = new ConcurrentHashMap<>();
  private final Map<Integer, Long> wantedAt = new HashMap<>();
  private final Set<Integer> asked = new TreeSet<>();
  private final Set<Integer> ending = new TreeSet<>();

  /** The thread's own: what is still to be dropped, once the node is permitted to begin. */
  private final Set<Integer> leftOver = new TreeSet<>();

  /** The thread's own. */
  private boolean registryCame;

  private final long startedAt = System.nanoTime();

  Hosting(ReplicaHost host, Replicas replicas, Participation participation, Belonging belonging) {
    this.host = host;
    this.replicas = replicas;
    this.participation = participation;
    this.belonging = belonging;
    recovery = new ReplicaRecovery(host, replicas, participation);
  }

  /**
   * From now on.
   *
   * @param unused those that have no replica at the start: a store that there may be of one was
   *     left behind, as the node ended while it opened or dropped it
   */
  void start(Collection<Integer> unused) {
    leftOver.addAll(unused);
    repeater.start();
    watcher.start();
  }

  /** A replica is asked for; whether it runs already. One that does not is to be dropped first. */
  synchronized boolean want(int shard) {
    boolean runs = replicas.run(shard) && !ending.contains(shard);
    if (runs || !replicas.has(shard)) {
      wantedAt.put(shard, System.nanoTime());
    }
    if (!runs) {
      asked.add(shard);
    }
    return runs;
  }

  /** A replica is about to join: it is kept until its leader has had time to speak to it. */
  synchronized void joins(int shard) {
    wantedAt.put(shard, System.nanoTime());
  }

  private synchronized boolean isWanted(int shard) {
    return System.nanoTime() - wantedAt.getOrDefault(shard, startedAt) < WANTED_NANOS;
  }

  private synchronized List<Integer> asked() {
    asked.removeIf(shard -> replicas.has(shard) || !isWanted(shard));
    return List.copyOf(asked);
  }

  private synchronized boolean mayEnd(int shard) {
    return !isWanted(shard) && ending.add(shard);
  }

  private synchronized void hasEnded(int shard) {
    ending.remove(shard);
  }

  /** Only at a member: what a node has that was removed is for people. */
  private void dropLeftOver() {
    for (int shard : List.copyOf(leftOver)) {
      attempt(
          shard,
          () -> {
            host.drop(shard);
            leftOver.remove(shard);
          });
    }
  }

  private void step() {
    if (!participation.hasBegun()) {
      return;
    }
    if (belonging.isOfCluster()) {
      dropLeftOver();
    }
    for (int shard : asked()) {
      attempt(shard, () -> join(shard));
    }
    for (int shard : replicas.dataShards()) {
      attempt(shard, () -> look(shard));
    }
    attempt(replicas.registry(), this::lookAtRegistry);
    for (ShardReplica replica : replicas.all()) {
      attempt(replica.shard(), () -> recovery.look(replica.shard()));
    }
  }

  /** What can fail, for a shard. */
  @FunctionalInterface
  private interface Task {
    void run() throws IOException;
  }

  /** What one shard cannot do is no reason for the others not to. */
  private void attempt(int shard, Task task) {
    if (repeater.isClosed()) {
      return;
    }
    try {
      task.run();
    } catch (IOException | RuntimeException e) {
      LOG.log(Level.WARNING, "The replica of a shard is looked after again. shard=" + shard, e);
    }
  }

  private void join(int shard) throws IOException {
    Store store = host.open(shard);
    leftOver.remove(shard);
    if (store.applied().index() >= 0) {
      // Left behind by a replica that was dropped: its log is gone.
      host.drop(shard);
      store = host.open(shard);
    }
    joins(shard);
    try {
      participation.join(shard, store);
    } catch (IOException | RuntimeException e) {
      host.drop(shard);
      throw e;
    }
    LOG.log(Level.INFO, "A replica of a shard comes to this node. shard={0}", shard);
  }

  /** It is read from in any case; that it has had everything once is to be remembered. */
  private void lookAtRegistry() throws IOException {
    if (!registryCame && belonging.follows(replicas.registry())) {
      participation.came(replicas.registry());
      registryCame = true;
    }
  }

  /** Has shards whose replica here is no member's any more, or has failed, read elsewhere. */
  private void lookWhatGoes() {
    for (int shard : replicas.dataShards()) {
      attempt(shard, () -> go(shard));
    }
  }

  /** Not while it is just coming, which may take seconds: it is looked at again soon. */
  private void go(int shard) {
    ReentrantLock change = switchOf(shard);
    if (mayStay(shard) || !change.tryLock()) {
      return;
    }
    try {
      if (!mayStay(shard)) {
        // Reads go elsewhere before those under way here are given up.
        host.goes(shard);
        replicas.setHere(shard, false);
      }
    } finally {
      change.unlock();
    }
  }

  private boolean mayStay(int shard) {
    return !replicas.isHere(shard) || !replicas.hasFailed(shard) && !belonging.isForeign(shard);
  }

  private void come(int shard) throws IOException {
    participation.came(shard);
    ReentrantLock change = switchOf(shard);
    change.lock();
    try {
      replicas.setHere(shard, true);
      host.came(shard);
    } catch (RuntimeException e) {
      replicas.setHere(shard, false);
      throw e;
    } finally {
      change.unlock();
    }
  }

  private ReentrantLock switchOf(int shard) {
    return switches.computeIfAbsent(shard, any -> new ReentrantLock());
  }

  private void look(int shard) throws IOException {
    go(shard);
    if (replicas.isHere(shard)) {
      return;
    }
    if (belonging.follows(shard)) {
      come(shard);
    } else if (mayGo(shard) && mayEnd(shard)) {
      try {
        drop(shard);
      } finally {
        hasEnded(shard);
      }
    }
  }

  /**
   * Only at a node that has begun, and is a member of the cluster: what others have is for people.
   * Of one that has failed and is a member's still, the leader need not be asked again and again.
   */
  private boolean mayGo(int shard) {
    return participation.hasBegunAll()
        && belonging.isOfCluster()
        && belonging.isDeserted(shard)
        && (!replicas.hasFailed(shard) || belonging.isForeign(shard))
        && !isWanted(shard);
  }

  private void drop(int shard) throws IOException {
    if (!belonging.isStranger(shard)) {
      return;
    }
    participation.end(shard);
    if (!belonging.isStranger(shard)) {
      participation.resume(shard);
      return;
    }
    participation.leave(shard);
    host.drop(shard);
    LOG.log(Level.INFO, "A replica of a shard has gone from this node. shard={0}", shard);
  }

  /** Returns once the thread has ended, after some seconds at the most. */
  @Override
  public void close() {
    repeater.close();
    watcher.close();
  }
}
