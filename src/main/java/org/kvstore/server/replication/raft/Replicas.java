package org.kvstore.server.replication.raft;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.server.RaftServer;
import org.jspecify.annotations.Nullable;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.store.Store;

/**
 * The replicas on this node, and what they say. One is there from {@link #place} to {@link
 * #remove}, be it that it takes part or not; it takes part while Raft has begun with it and it
 * runs. It changes by {@link Participation} only; any thread may look.
 */
final class Replicas {
  private final ShardGroups groups;
  private final RaftGroups raft;
  private final ReplicaFailures failures;
  private final Function<RaftGroupId, SealedLog> logs;
  private final KnownCommits known;
  private final Map<RaftGroupId, ShardReplica> replicas = new ConcurrentHashMap<>();

  /** Shards whose replica Raft has begun with. */
  private final Set<Integer> begun = ConcurrentHashMap.newKeySet();

  /** Of the shards whose replicas come and go, those whose replica is to be read from. */
  private final Set<Integer> here = ConcurrentHashMap.newKeySet();

  private volatile boolean haveBegun;

  private volatile boolean haveCaughtUp;

  /**
   * @param logs how the entries of a group are encrypted
   * @param known how far the replicas here must reach
   */
  Replicas(
      ShardGroups groups,
      RaftGroups raft,
      ReplicaFailures failures,
      Function<RaftGroupId, SealedLog> logs,
      KnownCommits known) {
    this.groups = groups;
    this.raft = raft;
    this.failures = failures;
    this.logs = logs;
    this.known = known;
  }

  /** Puts one there, in the place of one that has ended. */
  ShardReplica place(int shard, Store store) {
    RaftGroupId group = groups.id(shard);
    Supplier<RaftServer.@Nullable Division> division = () -> division(shard);
    SealedLog log = logs.apply(group);
    Proposals proposals = new Proposals(raft, group, log, division);
    ShardReplica replica =
        new ShardReplica(
            shard,
            group,
            store,
            proposals,
            new ShardMachine(
                store,
                log,
                proposals,
                () -> known.of(shard),
                (from, failure) -> fails(shard, from, failure)),
            new Observer(shard, division, () -> failures.reason(shard)));
    replicas.put(group, replica);
    return replica;
  }

  /** One that has ended, and has another in its place, fails no more. */
  private void fails(int shard, ShardMachine from, Throwable failure) {
    ShardReplica now = get(shard);
    if (now != null && now.machine() == from) {
      failures.add(shard, failure);
    }
  }

  /** Raft has begun with one. */
  void begins(int shard) {
    begun.add(shard);
  }

  /** Raft is to end with one, which takes no part from now on. */
  void ends(int shard) {
    begun.remove(shard);
  }

  /** Raft ends one by itself where it comes upon what it cannot go on with, and tells nobody. */
  void noticeEnd(int shard) {
    if (begun.contains(shard) && raft.division(groups.id(shard)) == null) {
      failures.add(shard, new IOException("Raft has ended it, see the log before this"));
    }
  }

  /** One is there no more. */
  void remove(int shard) {
    replicas.remove(groups.id(shard));
    here.remove(shard);
  }

  /** Whether one that comes and goes is to be read from, from now on. */
  void setHere(int shard, boolean isHere) {
    if (isHere) {
      here.add(shard);
    } else {
      here.remove(shard);
    }
  }

  /** Those of the start have begun, or have failed to. */
  void haveAllBegun() {
    haveBegun = true;
  }

  /** Whether those of the start have begun, or have failed to. */
  boolean haveBegun() {
    return haveBegun;
  }

  /**
   * Whether all that were members when this node began, or was taken in, have had all that was
   * acknowledged once since. It stays so: those that come later come to a node that serves.
   */
  boolean haveCaughtUp() {
    if (!haveCaughtUp && haveBegun && replicas.values().stream().allMatch(this::isDecided)) {
      List<Observer> members =
          replicas.values().stream()
              .map(ShardReplica::observer)
              .filter(Observer::takesPart)
              .toList();
      haveCaughtUp = !members.isEmpty() && members.stream().allMatch(Observer::hasCaughtUp);
    }
    return haveCaughtUp;
  }

  /**
   * Raft has begun with it, or cannot; one that is just beginning again is not to be passed over.
   */
  private boolean isDecided(ShardReplica replica) {
    return begun.contains(replica.shard()) || failures.get(replica.shard()) != null;
  }

  /** One that has failed begins again, and is behind. */
  void haveToCatchUp() {
    haveCaughtUp = false;
  }

  /** Whether Raft has begun with all that are there. */
  boolean takeAllPart() {
    return replicas.values().stream().allMatch(replica -> begun.contains(replica.shard()));
  }

  /** The shard of the system, which every node has. */
  int registry() {
    return groups.registry();
  }

  Collection<ShardReplica> all() {
    return replicas.values();
  }

  /** That of a shard; null when there is none. */
  @Nullable ShardReplica get(int shard) {
    return of(groups.id(shard));
  }

  /** That of a group; null when there is none. */
  @Nullable ShardReplica of(RaftGroupId group) {
    return replicas.get(group);
  }

  /** That of a shard, which is there. */
  ShardReplica require(int shard) {
    ShardReplica replica = get(shard);
    if (replica == null) {
      throw new IllegalArgumentException("This node has no replica of shard " + shard + ".");
    }
    return replica;
  }

  /** Whether there is one of a shard, be it that it takes part or not. */
  boolean has(int shard) {
    return get(shard) != null;
  }

  /** Whether Raft has begun with one, and it has not failed since. */
  boolean run(int shard) {
    return begun.contains(shard) && failures.get(shard) == null;
  }

  /** Whether there is one of a shard that has failed by itself. */
  boolean hasFailed(int shard) {
    return has(shard) && failures.get(shard) != null;
  }

  /** Whether there is one that has failed, by what may pass by itself, and reads go elsewhere. */
  boolean mayRecover(int shard) {
    boolean isRead = groups.isPlaced(shard) && here.contains(shard);
    return has(shard) && !isRead && failures.mayPass(shard);
  }

  /** Whether there is one of a shard that is to be read from. */
  boolean isHere(int shard) {
    return groups.isPlaced(shard) ? here.contains(shard) : has(shard);
  }

  /** Those data shards that have a replica here, be it running or not. */
  List<Integer> dataShards() {
    return replicas.values().stream()
        .map(ShardReplica::shard)
        .filter(shard -> shard != groups.registry())
        .sorted()
        .toList();
  }

  /** The store of a shard's; null when there is none. */
  @Nullable Store store(int shard) {
    ShardReplica replica = get(shard);
    return replica == null ? null : replica.store();
  }

  /** Why that of a shard takes no part; null while it does. */
  @Nullable KeyValueException failure(int shard) {
    return failures.reason(shard);
  }

  /** As {@link RaftNode#problem(int)}. */
  String problem(int shard) {
    KeyValueException failure = failures.reason(shard);
    if (failure != null) {
      return String.valueOf(failure.getMessage());
    }
    boolean isMember = word(shard).filter(word -> word.names(raft.self().toString())).isPresent();
    return isMember ? "" : "The replica has ended, or it is no member's.";
  }

  /**
   * How long ago that of a shard last showed all that was acknowledged, as far as it knows; null
   * when it has not since the start, and where there is none.
   */
  @Nullable Duration age(int shard) {
    ShardReplica replica = get(shard);
    return replica == null ? null : replica.observer().age();
  }

  /** Notes what can be seen of that of a shard, if there is one. */
  void lookNowAndThen(int shard) {
    ShardReplica replica = get(shard);
    if (replica != null) {
      replica.observer().lookNowAndThen();
    }
  }

  /** That of a shard as Raft sees it; null when it takes no part, or not yet. */
  RaftServer.@Nullable Division division(int shard) {
    return begun.contains(shard) ? raft.division(groups.id(shard)) : null;
  }

  /** All that take part. */
  List<RaftServer.Division> divisions() {
    List<RaftServer.Division> divisions = new ArrayList<>();
    for (ShardReplica replica : replicas.values()) {
      RaftServer.Division division = division(replica.shard());
      if (division != null) {
        divisions.add(division);
      }
    }
    return divisions;
  }

  /** Whether this node leads a shard, and has applied all that was acknowledged before. */
  boolean lead(int shard) {
    RaftServer.Division division = division(shard);
    return division != null && division.getInfo().isLeaderReady();
  }

  /** What that of a shard says, while it takes part. */
  Optional<ShardWord> word(int shard) {
    RaftServer.Division division = division(shard);
    return division == null ? Optional.empty() : Optional.of(ShardWord.of(shard, division));
  }

  /** What all say that take part. */
  List<ShardWord> words() {
    return replicas.values().stream().flatMap(replica -> word(replica.shard()).stream()).toList();
  }

  /** What that of a group says to others that ask; null when it takes no part. */
  @Nullable Standing standing(RaftGroupId group) {
    ShardReplica replica = of(group);
    RaftServer.Division division = replica == null ? null : division(replica.shard());
    return division == null ? null : Standing.of(division);
  }

  /** Whether none has any entry, or anything applied. */
  boolean haveNoLog() {
    return replicas.values().stream().allMatch(replica -> replica.store().applied().index() < 0)
        && divisions().stream()
            .allMatch(division -> division.getRaftLog().getLastEntryTermIndex() == null);
  }

  /** Whether any has a node among its members, or had until their change ends. */
  boolean list(String id) {
    return divisions().stream()
        .map(RaftServer.Division::getRaftConf)
        .flatMap(
            conf -> Stream.concat(conf.getAllPeers().stream(), conf.getPreviousPeers().stream()))
        .anyMatch(peer -> peer.getId().toString().equals(id));
  }
}
