package org.kvstore.server.shard;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.replication.DiskSpace;
import org.kvstore.server.replication.raft.ClusterOptions;
import org.kvstore.server.replication.raft.Member;
import org.kvstore.server.replication.raft.Membership;
import org.kvstore.server.replication.raft.ProposalCounts;
import org.kvstore.server.replication.raft.RaftNode;
import org.kvstore.server.replication.raft.RaftReplicator;
import org.kvstore.server.replication.raft.RemoteReads;
import org.kvstore.server.replication.raft.ShardStatus;
import org.kvstore.server.store.Store;

/** On several nodes at once: each shard is a Raft group, that of the system the last. */
public final class RaftReplication implements Replication {
  private final ClusterOptions options;
  private final Shard.Setup setup;
  private final ScheduledExecutorService timer;

  /** Set by {@link #start}. */
  private @Nullable RaftNode node;

  /** Set by {@link #start}. */
  private @Nullable Membership membership;

  /** Set by {@link #start}. */
  private @Nullable RemoteReads reads;

  /** Set by {@link #start}. */
  private @Nullable PeerAnswers answers;

  RaftReplication(ClusterOptions options, Shard.Setup setup, ScheduledExecutorService timer) {
    this.options = options;
    this.setup = setup;
    this.timer = timer;
  }

  @Override
  public void start(Shards shards, DiskSpace disk) {
    List<Shard> all = shards.all();
    Map<Integer, Store> stores = new TreeMap<>();
    for (Shard shard : all) {
      Store store = shard.place().storeOpen();
      if (store != null) {
        stores.put(shard.number(), store);
      }
    }
    try {
      PeerAnswers peers = new PeerAnswers(all, setup.threads(), this::ageMillis);
      answers = peers;
      RaftNode started = new RaftNode(options, stores, new ShardHost(all, disk), peers);
      node = started;
      RemoteReads made = new RemoteReads(started, setup.answers(), timer);
      reads = made;
      for (Shard shard : all) {
        shard.start(
            new RaftReplicator(
                started,
                shard.number(),
                setup.limits(),
                disk,
                setup.threads(),
                setup.answers(),
                timer),
            made);
      }
      started.start();
      membership = new Membership(started);
      membership.start();
    } catch (IOException e) {
      throw KeyValueException.of(
              ErrorCode.UNAVAILABLE, "The node could not take part in its cluster: " + e)
          .withCause(e);
    }
  }

  @Override
  public void resign() {
    if (node != null) {
      node.resign();
    }
  }

  /** The node itself; null until it is started. */
  @Nullable RaftNode node() {
    return node;
  }

  /** What the node was told of its cluster. */
  public ClusterOptions options() {
    return options;
  }

  /** What became of the entries that this node has proposed; null until it is started. */
  public @Nullable ProposalCounts proposals() {
    return node == null ? null : node.proposalCounts();
  }

  /**
   * Whether this node has had all that was acknowledged, in each of its replicas, since it began.
   */
  public boolean hasCaughtUp() {
    return node != null && node.hasCaughtUp();
  }

  /** The shards as this node sees them, that of the system the last. */
  public List<ShardStatus> describe() {
    return node == null ? List.of() : node.describe();
  }

  /** Who belongs to the cluster, and changes of that. */
  public Membership membership() {
    if (membership == null) {
      throw new IllegalStateException("The node has not been started.");
    }
    return membership;
  }

  /** Who belongs to the cluster, as this node sees it. */
  public List<Member> members() {
    return node == null ? options.members() : node.members();
  }

  /** Where clients reach a node, as it has said lately; empty when it has not. */
  public String url(String id) {
    return node == null ? "" : node.url(id);
  }

  /** Whether a node has answered lately, and is one of this cluster. */
  public boolean isThere(String id) {
    return node != null && node.isThere(id);
  }

  /**
   * Why a node is not talked to, or this one takes no part, for people; empty when there is no
   * reason.
   */
  public String problem(String id) {
    return node == null ? "" : node.problem(id);
  }

  /** Whether a node is to lead nothing, as it has said lately. */
  public boolean isDrained(String id) {
    return node != null && node.isDrained(id);
  }

  /** What is wrong between this node and others; empty when nothing is. */
  public List<String> problems() {
    return node == null ? List.of() : node.problemsWithPeers();
  }

  /** How old what is here of a shard may be; -1 when that is not known. */
  private long ageMillis(int shard) {
    Duration age = node == null ? null : node.age(shard);
    return age == null ? -1 : age.toMillis();
  }

  @Override
  public Supplier<Optional<Long>> age(List<Shard> shards) {
    long oldest = 0;
    boolean isKnown = true;
    List<Integer> away = new ArrayList<>();
    for (Shard shard : shards) {
      if (shard.isHere()) {
        long age = ageMillis(shard.number());
        isKnown &= age >= 0;
        oldest = Math.max(oldest, age);
      } else {
        away.add(shard.number());
      }
    }
    Optional<Long> here = isKnown ? Optional.of(oldest) : Optional.empty();
    return away.isEmpty() ? () -> here : () -> here.flatMap(known -> oldest(known, away));
  }

  @Override
  public String problem(Shard shard) {
    return node == null ? "" : node.problem(shard.number());
  }

  /** As those who answered last have said. */
  private Optional<Long> oldest(long known, List<Integer> shards) {
    long oldest = known;
    for (int shard : shards) {
      Duration age = reads == null ? null : reads.age(shard);
      if (age == null) {
        return Optional.empty();
      }
      oldest = Math.max(oldest, age.toMillis());
    }
    return Optional.of(oldest);
  }

  @Override
  public void close() {
    if (membership != null) {
      membership.close();
    }
    if (node != null) {
      node.close();
    }
    if (answers != null) {
      answers.close();
    }
  }
}
