package org.kvstore.server.replication.raft;

import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.thirdparty.io.grpc.MethodDescriptor;
import org.apache.ratis.util.ExitUtils;
import org.jspecify.annotations.Nullable;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.store.Store;

/**
 * A node of the cluster: one Raft server, with a group for each shard that it has a replica of. It
 * owns the connections to the others; the stores are the caller's. The last shard, that of the
 * system, is on every node; replicas of the others come and go where there is a {@link
 * ReplicaHost}, and are otherwise on every node too.
 *
 * <p>A replica that cannot take part, now or later, is out of it by itself: {@link #failure} says
 * why, and the other shards go on.
 *
 * <p>It only puts together what a node consists of, and stops it in order. One thread does what it
 * does by itself: it begins once it may, asks the others how they are, and gives up leading while
 * it is drained.
 */
public final class RaftNode implements AutoCloseable {
  private static final long PAUSE_MILLIS = 300;

  private final ClusterOptions options;
  private final ShardGroups groups;
  private final RaftGroups raft;
  private final ReplicaFailures failures;
  private final Replicas replicas;
  private final Participation participation;
  private final PeerCalls calls;
  private final Standings standings;
  private final ProposalCalls proposals;
  private final HostCalls hosts;
  private final ReplicaReads reads;
  private final Registry registry;
  private final KnownPeers known;
  private final OwnInfo own;
  private final Peers peers;
  private final ClusterView view;
  private final PeerCheck check;
  private final Admission admission;
  private final QuorumAlarm alarm;
  private final Repeater tasks = new Repeater("kv-cluster-node", PAUSE_MILLIS, this::step);

  /** Null where replicas neither come nor go. */
  private final @Nullable Hosting hosting;

  /**
   * One whose replicas neither come nor go: each node of the cluster has one of each shard.
   *
   * @param stores of the shards, in order
   * @throws IOException when the directory of the logs cannot be used
   */
  public RaftNode(ClusterOptions options, List<Store> stores) throws IOException {
    this(options, numbered(stores));
  }

  /**
   * The same.
   *
   * @param stores of those shards that this node has a replica of, by their numbers
   * @throws IOException when the directory of the logs cannot be used
   */
  public RaftNode(ClusterOptions options, Map<Integer, Store> stores) throws IOException {
    this(options.withFactor(ClusterOptions.MOST_REPLICAS), stores, null);
  }

  /** One whose replicas come and go, and are read by nobody else. */
  RaftNode(ClusterOptions options, Map<Integer, Store> stores, @Nullable ReplicaHost host)
      throws IOException {
    this(options, stores, host, ReplicaReads.NONE);
  }

  /**
   * One whose replicas come and go.
   *
   * @param stores of those shards that {@link ReplicasAtStart} names, by their numbers; whatever
   *     the host may have of others is taken for left over, and dropped
   * @param host told of replicas that come and go from then on; null where none does
   * @param reads answers nodes that have no replica of a shard
   * @throws IOException when the directory of the logs cannot be used
   */
  public RaftNode(
      ClusterOptions options,
      Map<Integer, Store> stores,
      @Nullable ReplicaHost host,
      ReplicaReads reads)
      throws IOException {
    this.options = options;
    this.reads = reads;
    String self = options.self();
    // A port that is taken would end the process.
    ExitUtils.disableSystemExit();
    Files.createDirectories(options.directory());
    ReplicaMarks marks = new ReplicaMarks(options.directory());
    groups = new ShardGroups(options, registryOf(options, stores, host), host != null);
    failures = new ReplicaFailures(self);
    raft = new RaftGroups(options, handlers(), new LeaderNews(this::observer));
    KnownCommits commits = new KnownCommits(self, marks, this::saidOf);
    replicas = new Replicas(groups, raft, failures, this::logOf, commits);
    participation = new Participation(options, groups, raft, marks, replicas, failures);

    calls = new PeerCalls(options.endpoint());
    standings = new Standings(calls, raft.self(), replicas::standing);
    proposals = new ProposalCalls(calls, self, replicas);
    registry = new Registry(options, groups.registry(), replicas);
    known = new KnownPeers(self, marks);
    own = new OwnInfo(options, replicas, registry, known);
    peers = new Peers(options, calls, registry, own);
    view = new ClusterView(self, registry, replicas, peers);
    check = new PeerCheck(options, groups, registry, peers);
    admission = new Admission(options, peers, participation, failures);
    alarm = new QuorumAlarm(replicas, failures, registry, peers);
    hosting = host == null ? null : newHosting(host);
    hosts = new HostCalls(calls, self, groups.registry(), this::want);

    if (host == null) {
      stores.forEach(replicas::place);
    } else {
      placeOwn(ReplicasAtStart.of(options, marks), stores);
    }
  }

  private static int registryOf(
      ClusterOptions options, Map<Integer, Store> stores, @Nullable ReplicaHost host) {
    return host == null
        ? stores.keySet().stream().max(Comparator.naturalOrder()).orElse(0)
        : options.shards();
  }

  private Hosting newHosting(ReplicaHost host) {
    Belonging belonging = new Belonging(options.self(), replicas, view, standings);
    return new Hosting(host, replicas, participation, belonging);
  }

  private void placeOwn(ReplicasAtStart atStart, Map<Integer, Store> stores) {
    for (int shard : atStart.all()) {
      replicas.place(shard, requireStore(stores, shard));
      replicas.setHere(shard, atStart.here().contains(shard));
    }
  }

  private static Store requireStore(Map<Integer, Store> stores, int shard) {
    Store store = stores.get(shard);
    if (store == null) {
      throw new IllegalArgumentException("There is no store of shard " + shard + ".");
    }
    return store;
  }

  private static Map<Integer, Store> numbered(List<Store> stores) {
    Map<Integer, Store> numbered = new TreeMap<>();
    stores.forEach(store -> numbered.put(numbered.size(), store));
    return numbered;
  }

  /** What this node answers to others; nobody asks before it has started. */
  private Map<MethodDescriptor<byte[], byte[]>, PeerCalls.Handler> handlers() {
    return Map.of(
        PeerCalls.STANDING,
        PeerCalls.Handler.of(question -> standings.answer(question)),
        PeerCalls.INFO,
        PeerCalls.Handler.of(question -> own.answer(question)),
        PeerCalls.DRAIN,
        PeerCalls.Handler.of(question -> own.drainedBy(question)),
        PeerCalls.HOST,
        PeerCalls.Handler.of(question -> hosts.answer(question)),
        PeerCalls.PROPOSE,
        question -> proposals.answer(question),
        PeerCalls.READ,
        question -> RemoteReads.answer(question, reads));
  }

  private SealedLog logOf(RaftGroupId group) {
    return new SealedLog(options.keys(), group, () -> peers.sealingKey());
  }

  private List<ShardWord> saidOf(int shard) {
    return peers.oldWords(shard);
  }

  private @Nullable Observer observer(RaftGroupId group) {
    ShardReplica replica = replicas.of(group);
    return replica == null ? null : replica.observer();
  }

  /** Asks for a replica of a shard here, which opens soon; whether it runs already. */
  public boolean want(int shard) {
    return hosting == null ? replicas.run(shard) : hosting.want(shard);
  }

  /**
   * Takes part from now on, with every replica that can.
   *
   * @throws KeyValueException UNAVAILABLE when the port cannot be had, or somebody else answers
   *     there
   */
  public void start() throws IOException {
    check.requireAlone();
    raft.start();
    // What they know of this node's replicas, these must have kept.
    peers.ask();
    participation.beginAgain();
    tasks.start();
    if (hosting != null) {
      hosting.start(
          IntStream.range(0, groups.registry())
              .filter(shard -> !replicas.has(shard))
              .boxed()
              .toList());
    }
  }

  private void step() {
    peers.ask();
    known.notice(replicas.divisions());
    // Else nobody might, and it would be taken for older than it is when it is just busy.
    replicas.lookNowAndThen(groups.registry());
    if (!tasks.isClosed()) {
      admission.beginIfItMay();
    }
    alarm.look();
    if (own.isDrained()) {
      resign();
    }
  }

  /**
   * Gives this node an empty replica of a shard, which takes part once its members say so. Nothing
   * happens when it has one.
   *
   * @param store new, or what this left behind when it was interrupted
   * @throws KeyValueException UNAVAILABLE when it cannot
   */
  public void join(int shard, Store store) throws IOException {
    if (hosting != null && !replicas.has(shard)) {
      hosting.joins(shard);
    }
    participation.join(shard, store);
  }

  /**
   * Ends this node's replica of a shard, which is no member any more, and deletes its log; what
   * becomes of the store is the caller's. Nothing happens when it has none.
   */
  public void leave(int shard) throws IOException {
    participation.leave(shard);
  }

  /** Why this node's replica of a shard takes no part; null while it does. */
  public @Nullable KeyValueException failure(int shard) {
    return failures.reason(shard);
  }

  /**
   * Why this node's replica of a shard hears of nothing any more, for people: it has failed or
   * ended, or the node is no member. Empty while it does, or will once it is not cut off any more.
   */
  public String problem(int shard) {
    return replicas.problem(shard);
  }

  /** Who belongs to the cluster; those that this node was told of, while it takes no part. */
  public List<Member> members() {
    return registry.membersOrTold();
  }

  /** Where clients reach a node, as it has said lately; empty when it has not. */
  public String url(String id) {
    return peers.said(id).map(PeerInfo::url).orElse("");
  }

  /** Whether a node has answered lately, and fits: see {@link #problemsWithPeers}. */
  public boolean isThere(String id) {
    return peers.isThere(id);
  }

  /**
   * Why a node that answers does not fit, or this one takes no part, for people; empty when it
   * does, or does not answer.
   */
  public String problem(String id) {
    return id.equals(options.self()) ? failures.waits() : peers.problem(id);
  }

  /** Whether a node has said lately that it is to lead nothing. */
  public boolean isDrained(String id) {
    return peers.isDrained(id);
  }

  /**
   * What is wrong with the other nodes of the cluster, for people: which do not answer, and which
   * are of another one. It waits for a second for each that does not answer.
   */
  public List<String> problemsWithPeers() {
    return check.problems();
  }

  /**
   * Whether this node has had all that was acknowledged, in each of its replicas, since it began.
   */
  public boolean hasCaughtUp() {
    return replicas.haveCaughtUp();
  }

  /** The shards as they are now, in the order of their numbers. */
  public List<ShardStatus> describe() {
    return new ShardOverview(options.self(), groups, replicas, view).describe();
  }

  /**
   * How long ago this node's replica of a shard last showed all that was acknowledged, as far as it
   * knows; null when it has not since the start, and where there is none.
   */
  public @Nullable Duration age(int shard) {
    return replicas.age(shard);
  }

  /** What became of the entries that this node has proposed. */
  public ProposalCounts proposalCounts() {
    return raft.proposalCounts();
  }

  /**
   * Has other nodes lead the shards that this one leads, as far as they can, before it stops: so
   * writes need not wait for an election. Returns after some seconds at the most.
   */
  public void resign() {
    Resignation.from(raft.server(), replicas.all(), peers::isDrained);
  }

  ClusterOptions options() {
    return options;
  }

  String self() {
    return options.self();
  }

  ShardGroups groups() {
    return groups;
  }

  RaftGroups raft() {
    return raft;
  }

  Replicas replicas() {
    return replicas;
  }

  Registry registry() {
    return registry;
  }

  Peers peers() {
    return peers;
  }

  ClusterView view() {
    return view;
  }

  PeerCalls calls() {
    return calls;
  }

  Standings standings() {
    return standings;
  }

  ProposalCalls proposals() {
    return proposals;
  }

  HostCalls hosts() {
    return hosts;
  }

  @Override
  public void close() {
    if (hosting != null) {
      hosting.close();
    }
    tasks.close();
    calls.close();
    raft.close();
  }
}
