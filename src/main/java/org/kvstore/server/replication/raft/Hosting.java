package org.kvstore.server.replication.raft;

import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.apache.ratis.server.RaftServer;
import org.kvstore.server.store.Store;

/**
 * Has the replicas of data shards come to this node and go from it. A replica comes when the leader
 * of the registry asks for it, and is read from once it is a member's and has caught up. When its
 * shard has others for its members it is read from no more; and once nobody speaks to it any more,
 * and the leader with a majority behind it says that this node is no member, it is deleted.
 *
 * <p>The last is asked twice, before and after the replica has ended: what it has acknowledged
 * until then does not count any more, and after that it acknowledges nothing.
 *
 * <p>One thread opens and drops. The monitor guards who asked when, and which replica is ending:
 * one that is ending is not said to be there.
 */
final class Hosting implements AutoCloseable {
  private static final Logger LOG = System.getLogger(Hosting.class.getName());
  private static final long PAUSE_MILLIS = 300;

  /** For so long a replica that was asked for is kept, whatever others say. */
  private static final long WANTED_NANOS = TimeUnit.SECONDS.toNanos(6);

  /** One that a leader has spoken to within this time is a member's, or about to be. */
  private static final long SILENT_MILLIS = 5_000;

  private static final Duration CURRENT = Duration.ofSeconds(2);

  private final RaftNode node;
  private final ReplicaHost host;
  private final Repeater repeater = new Repeater("kv-cluster-replicas", PAUSE_MILLIS, this::step);

  /** Those that are read from. */
  private final Set<Integer> here = ConcurrentHashMap.newKeySet();

  private final Map<Integer, Long> wantedAt = new HashMap<>();
  private final Set<Integer> asked = new TreeSet<>();
  private final Set<Integer> ending = new TreeSet<>();
  private final Set<Integer> leftOver;
  private final long startedAt = System.nanoTime();

  /**
   * @param here the replicas that are read from at the start
   * @param leftOver stores that are open and belong to no replica
   */
  Hosting(RaftNode node, ReplicaHost host, Collection<Integer> here, Collection<Integer> leftOver) {
    this.node = node;
    this.host = host;
    this.here.addAll(here);
    this.leftOver = new TreeSet<>(leftOver);
  }

  void start() {
    repeater.start();
  }

  boolean isHere(int shard) {
    return here.contains(shard);
  }

  /** A replica has been ended. */
  void left(int shard) {
    here.remove(shard);
  }

  /** A replica is asked for; whether it runs already. One that does not is to be dropped first. */
  synchronized boolean want(int shard) {
    boolean runs = node.runs(shard) && !ending.contains(shard);
    if (runs || !node.hasReplica(shard)) {
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
    asked.removeIf(shard -> node.hasReplica(shard) || !isWanted(shard));
    return List.copyOf(asked);
  }

  private synchronized boolean mayEnd(int shard) {
    return !isWanted(shard) && ending.add(shard);
  }

  private synchronized void hasEnded(int shard) {
    ending.remove(shard);
  }

  private void step() {
    if (!node.hasBegun()) {
      return;
    }
    for (int shard : List.copyOf(leftOver)) {
      attempt(
          shard,
          () -> {
            host.drop(shard);
            leftOver.remove(shard);
          });
    }
    for (int shard : asked()) {
      attempt(shard, () -> join(shard));
    }
    for (int shard : node.dataShards()) {
      attempt(shard, () -> look(shard));
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
    if (store.applied().index() >= 0) {
      // Left behind by a replica that was dropped: its log is gone.
      host.drop(shard);
      store = host.open(shard);
    }
    try {
      node.join(shard, store);
    } catch (IOException | RuntimeException e) {
      host.drop(shard);
      throw e;
    }
    LOG.log(Level.INFO, "A replica of a shard comes to this node. shard={0}", shard);
  }

  private void look(int shard) throws IOException {
    if (here.contains(shard)) {
      if (isForeign(shard)) {
        // Reads go elsewhere before those under way here are given up.
        host.goes(shard);
        here.remove(shard);
      }
    } else if (follows(shard)) {
      node.came(shard);
      here.add(shard);
      try {
        host.came(shard);
      } catch (RuntimeException e) {
        here.remove(shard);
        throw e;
      }
    } else if (mayGo(shard) && mayEnd(shard)) {
      try {
        drop(shard);
      } finally {
        hasEnded(shard);
      }
    }
  }

  /** Whether it has heard that others are the members, as far as anybody knows. */
  private boolean isForeign(int shard) {
    RaftServer.Division division = node.division(shard);
    if (division != null) {
      ShardWord own = ShardWord.of(shard, division);
      if (!own.names(node.self())) {
        return true;
      }
      return ShardWord.ofLeader(node.wordsOf(shard))
          .filter(word -> word.term() >= own.term())
          .filter(word -> word.configuration() > own.configuration())
          .filter(word -> !word.names(node.self()))
          .isPresent();
    }
    return ShardWord.ofLeader(node.wordsOf(shard))
        .filter(word -> !word.names(node.self()))
        .isPresent();
  }

  private boolean follows(int shard) {
    RaftServer.Division division = node.division(shard);
    if (division == null || node.failure(shard) != null) {
      return false;
    }
    Duration age = node.age(shard);
    return age != null
        && age.compareTo(CURRENT) < 0
        && Observer.hasQuorum(division)
        && ShardWord.of(shard, division).names(node.self())
        && !isForeign(shard);
  }

  /** Only at a member of the cluster: what one has that was removed is for people. */
  private boolean mayGo(int shard) {
    RaftServer.Division division = node.division(shard);
    return node.hasBegunAll()
        && node.registryMembers().stream().anyMatch(member -> member.id().equals(node.self()))
        && (division == null || !hasHeard(division))
        && !isWanted(shard);
  }

  private static boolean hasHeard(RaftServer.Division division) {
    return division.getInfo().getLeaderId() != null && Observer.hasHeard(division, SILENT_MILLIS);
  }

  private void drop(int shard) throws IOException {
    if (!isStranger(shard)) {
      return;
    }
    node.end(shard);
    if (!isStranger(shard)) {
      node.resume(shard);
      return;
    }
    node.leave(shard);
    host.drop(shard);
    LOG.log(Level.INFO, "A replica of a shard has gone from this node. shard={0}", shard);
  }

  /** Whether a leader whom a majority confirms now says that this node is no member of a shard. */
  private boolean isStranger(int shard) {
    Member leader = node.leaderOf(shard);
    return leader != null && new Confirmation(node, shard).isStranger(leader, node.self());
  }

  /** Returns once the thread has ended, after some seconds at the most. */
  @Override
  public void close() {
    repeater.close();
  }
}
