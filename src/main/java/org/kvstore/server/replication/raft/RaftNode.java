package org.kvstore.server.replication.raft;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.apache.ratis.client.RaftClient;
import org.apache.ratis.client.RaftClientConfigKeys;
import org.apache.ratis.conf.Parameters;
import org.apache.ratis.conf.RaftProperties;
import org.apache.ratis.grpc.GrpcConfigKeys;
import org.apache.ratis.protocol.ClientId;
import org.apache.ratis.protocol.GroupManagementRequest;
import org.apache.ratis.protocol.Message;
import org.apache.ratis.protocol.RaftClientReply;
import org.apache.ratis.protocol.RaftClientRequest;
import org.apache.ratis.protocol.RaftGroup;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.RaftServerConfigKeys;
import org.apache.ratis.thirdparty.com.google.protobuf.ByteString;
import org.apache.ratis.thirdparty.io.grpc.MethodDescriptor;
import org.apache.ratis.util.ExitUtils;
import org.apache.ratis.util.JavaUtils;
import org.apache.ratis.util.TimeDuration;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.store.Store;

/**
 * A node of the cluster: one Raft server, with a group for each shard that it has a replica of. It
 * owns the connections to the others; the stores are the caller's.
 *
 * <p>A replica that cannot take part, now or later, is out of it by itself: {@link #failure} says
 * why, and the other shards go on.
 */
public final class RaftNode implements AutoCloseable {
  private static final Logger LOG = System.getLogger(RaftNode.class.getName());

  /** How long a write is waited for at another node before its connection is made anew. */
  private static final int ANSWER_MILLIS = 3_000;

  private final ClusterOptions options;
  private final Map<RaftGroupId, ShardReplica> replicas = new ConcurrentHashMap<>();

  /** Shards whose replica Raft has begun with. */
  private final Set<Integer> begun = ConcurrentHashMap.newKeySet();

  private final ReplicaFailures failures;
  private final ReplicaMarks marks;

  /** Whether the replicas have begun, or have failed to. */
  private volatile boolean isBegun;

  /** Why they have not, or have nobody who leads them. */
  private volatile String waits = "";

  /** They are asked for with each group of writes, and take a digest to make. */
  private final Map<Integer, RaftGroupId> groupIds = new ConcurrentHashMap<>();

  private final ClientId client = ClientId.randomId();
  private final AtomicLong calledFor = new AtomicLong();
  private final RaftServer server;
  private final Transport transport;
  private final PeerCalls calls;
  private final PeerCheck check;
  private final Peers peers;
  private final NodeTasks tasks;
  private final int registryShard;
  private final @Nullable ReplicaHost host;
  private final ReplicaReads reads;

  /**
   * Which replicas a node has when it starts.
   *
   * @param here those that are read from at once
   * @param coming those that have not caught up yet
   */
  public record AtStart(Set<Integer> here, Set<Integer> coming) {
    /** Copies the sets. */
    public AtStart {
      here = Set.copyOf(here);
      coming = Set.copyOf(coming);
    }
  }

  /** Which stores are to be open before a node is made. */
  public static AtStart atStart(ClusterOptions options) {
    Set<Integer> all = new TreeSet<>();
    for (int shard = 0; shard <= options.shards(); shard++) {
      all.add(shard);
    }
    return new AtStart(all, Set.of());
  }

  /**
   * @param stores of the shards, in order
   * @throws IOException when the directory of the logs cannot be used
   */
  public RaftNode(ClusterOptions options, List<Store> stores) throws IOException {
    this(options, numbered(stores));
  }

  /**
   * @param stores of those shards that this node has a replica of, by their numbers
   * @throws IOException when the directory of the logs cannot be used
   */
  public RaftNode(ClusterOptions options, Map<Integer, Store> stores) throws IOException {
    this(options, stores, null, ReplicaReads.NONE);
  }

  /**
   * @param stores of those shards that this node has a replica of, by their numbers
   * @param host has the stores of replicas that come and go; null when none does
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
    this.host = host;
    this.reads = reads;
    failures = new ReplicaFailures(options.self());
    marks = new ReplicaMarks(options.directory());
    // A port that is taken would end the process.
    ExitUtils.disableSystemExit();
    Files.createDirectories(options.directory());
    stores.forEach(this::place);
    registryShard = stores.keySet().stream().max(Comparator.naturalOrder()).orElse(0);
    check = new PeerCheck(this, options);
    calls = new PeerCalls(options.endpoint());
    peers = new Peers(this, options, calls, marks);
    tasks = new NodeTasks(this, peers);
    server = newServer();
    transport = new Transport(newClient(group(0), ANSWER_MILLIS).build());
  }

  private static Map<Integer, Store> numbered(List<Store> stores) {
    Map<Integer, Store> numbered = new TreeMap<>();
    stores.forEach(store -> numbered.put(numbered.size(), store));
    return numbered;
  }

  /** A client of a group, which waits so long for an answer; to be closed by the caller. */
  RaftClient.Builder newClient(RaftGroup group, int answerMillis) {
    RaftProperties properties = RaftSettings.of(options);
    RaftClientConfigKeys.Rpc.setRequestTimeout(
        properties, TimeDuration.valueOf(answerMillis, TimeUnit.MILLISECONDS));
    return RaftClient.newBuilder()
        .setRaftGroup(group)
        .setProperties(properties)
        .setParameters(options.endpoint().parameters());
  }

  /**
   * The server starts all groups or none of those that it finds in its directory when it is made:
   * so it is made with an empty one, and {@link #start} adds each group by itself.
   */
  private RaftServer newServer() throws IOException {
    RaftProperties properties = RaftSettings.of(options);
    Path none = Files.createDirectories(options.directory().resolve("none"));
    RaftServerConfigKeys.setStorageDir(properties, List.of(none.toFile()));
    Parameters parameters = options.endpoint().parameters();
    GrpcConfigKeys.Server.setServicesCustomizer(
        parameters, (builder, types) -> PeerCalls.serve(builder, handlers(), this::read));
    RaftServer made =
        RaftServer.newBuilder()
            .setServerId(RaftPeerId.valueOf(options.self()))
            .setProperties(properties)
            .setParameters(parameters)
            .setStateMachineRegistry(this::machine)
            .build();
    File logs = options.directory().toFile();
    RaftServerConfigKeys.setStorageDir(properties, List.of(logs));
    return made;
  }

  private void place(int shard, Store store) {
    RaftGroupId group = groupId(shard);
    ShardMachine machine = new ShardMachine(store, failure -> failures.add(shard, failure));
    replicas.put(group, new ShardReplica(shard, group, store, machine, new Observer(this, shard)));
  }

  /**
   * Takes part from now on, with every replica that can.
   *
   * @throws KeyValueException UNAVAILABLE when the port cannot be had, or somebody else answers
   *     there
   */
  public void start() throws IOException {
    check.requireAlone();
    try {
      server.start();
    } catch (ExitUtils.ExitException e) {
      throw KeyValueException.of(
              ErrorCode.UNAVAILABLE,
              ("The node %s cannot listen on %s: another process does, or the address is not this"
                      + " machine's. Stop that process, or change the address in"
                      + " kv.cluster.members on every node.")
                  .formatted(options.self(), options.own().raftAddress()))
          .withCause(e);
    }
    if (marks.hasBegun()) {
      replicas.values().forEach(this::start);
      isBegun = true;
    }
    tasks.start();
  }

  /** A node that has no log yet begins when that is safe. Nothing happens when it has begun. */
  void beginIfItMay() {
    if (isBegun) {
      waits = peers.reasonOfStranger();
      return;
    }
    waits = peers.reasonToWait();
    if (waits.isEmpty()) {
      try {
        marks.begins();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      replicas.values().forEach(this::start);
      isBegun = true;
    }
  }

  private void start(ShardReplica replica) {
    int shard = replica.shard();
    try {
      if (options.joins() && marks.isNew(shard)) {
        marks.joins(shard);
      }
      if (marks.hasJoined(shard)) {
        begin(RaftGroup.valueOf(replica.group()));
      } else {
        marks.requireLog(shard, replica.group());
        begin(group(shard));
        marks.founded(shard);
      }
      begun.add(shard);
    } catch (IOException | RuntimeException e) {
      failures.add(shard, JavaUtils.unwrapCompletionException(e));
    }
  }

  private void begin(RaftGroup group) throws IOException {
    require(
        server.groupManagement(
            GroupManagementRequest.newAdd(ClientId.randomId(), server.getId(), 0, group, false)));
  }

  /**
   * Gives this node an empty replica of a shard, which takes part once its members say so. Nothing
   * happens when it has one.
   *
   * @param store new, or what this left behind when it was interrupted
   * @throws KeyValueException UNAVAILABLE when it cannot
   */
  public void join(int shard, Store store) throws IOException {
    if (replicas.containsKey(groupId(shard))) {
      return;
    }
    marks.joins(shard);
    failures.forget(shard);
    place(shard, store);
    start(replica(shard));
    KeyValueException failure = failures.get(shard);
    if (failure != null) {
      replicas.remove(groupId(shard));
      throw failure;
    }
  }

  /**
   * Ends this node's replica of a shard, which is no member any more, and deletes its log; what
   * becomes of the store is the caller's. Nothing happens when it has none.
   */
  public void leave(int shard) throws IOException {
    RaftGroupId group = groupId(shard);
    for (RaftGroupId each : server.getGroupIds()) {
      if (each.equals(group)) {
        require(
            server.groupManagement(
                GroupManagementRequest.newRemove(
                    ClientId.randomId(), server.getId(), 0, group, true, false)));
      }
    }
    begun.remove(shard);
    marks.delete(shard, group);
    replicas.remove(group);
    failures.forget(shard);
  }

  private static void require(RaftClientReply reply) throws IOException {
    if (!reply.isSuccess()) {
      throw new IOException(reply.getException());
    }
  }

  /** Why this node's replica of a shard takes no part; null while it does. */
  public @Nullable KeyValueException failure(int shard) {
    KeyValueException failure = failures.get(shard);
    String reason = waits;
    return failure == null && !reason.isEmpty()
        ? KeyValueException.of(ErrorCode.UNAVAILABLE, reason)
        : failure;
  }

  /** What the others say of themselves. */
  Peers peers() {
    return peers;
  }

  /** The shard whose members are those of the cluster: the last, that of the system. */
  int registryShard() {
    return registryShard;
  }

  /** As Raft sees it here; null when this node takes no part in it. */
  RaftServer.@Nullable Division registry() {
    return division(registryShard);
  }

  /** Who belongs to the cluster, as this node sees it; nobody while it takes no part. */
  List<Member> registryMembers() {
    return membersOf(registryShard);
  }

  /** Who belongs to the cluster; those that this node was told of, while it takes no part. */
  public List<Member> members() {
    List<Member> members = registryMembers();
    return members.isEmpty() ? options.members() : members;
  }

  /** Those of a shard as this node sees them; nobody while it takes no part. */
  List<Member> membersOf(int shard) {
    RaftServer.Division division = division(shard);
    return division == null
        ? List.of()
        : division.getRaftConf().getCurrentPeers().stream()
            .map(peer -> new Member(peer.getId().toString(), peer.getAddress()))
            .sorted(Comparator.comparing(Member::id))
            .toList();
  }

  /** Who leads a shard, as far as this node knows. */
  @Nullable String leader(int shard) {
    RaftServer.Division division = division(shard);
    RaftPeerId leader = division == null ? null : division.getInfo().getLeaderId();
    return leader == null ? null : leader.toString();
  }

  /** Whether this node leads a shard. */
  boolean leads(int shard) {
    RaftServer.Division division = division(shard);
    return division != null && division.getInfo().isLeaderReady();
  }

  /** Whether its replicas have begun, or have failed to. */
  boolean hasBegun() {
    return isBegun;
  }

  /** Whether no replica has any entry, or anything applied. */
  boolean hasNoLog() {
    return replicas.values().stream().allMatch(replica -> replica.store().applied().index() < 0)
        && divisions().stream()
            .allMatch(division -> division.getRaftLog().getLastEntryTermIndex() == null);
  }

  /** Whether any replica here has a node among its members, or had until their change ends. */
  boolean lists(String id) {
    return divisions().stream()
        .map(RaftServer.Division::getRaftConf)
        .flatMap(
            conf -> Stream.concat(conf.getAllPeers().stream(), conf.getPreviousPeers().stream()))
        .anyMatch(peer -> peer.getId().toString().equals(id));
  }

  /** Of all replicas that take part. */
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

  /** Where clients reach a node, as it has said lately; empty when it has not. */
  public String url(String id) {
    return peers.said(id).map(PeerInfo::url).orElse("");
  }

  /** Whether a node has said lately that it is to lead nothing. */
  public boolean isDrained(String id) {
    return peers.said(id).filter(PeerInfo::isDrained).isPresent();
  }

  /**
   * What is wrong with the other nodes of the cluster, for people: which do not answer, and which
   * are of another one. It waits for a second for each that does not answer.
   */
  public List<String> problemsWithPeers() {
    return check.problems();
  }

  /** The shards of this node as they are now, in the order of their numbers. */
  public List<ShardStatus> describe() {
    return replicas.values().stream()
        .sorted(Comparator.comparing(ShardReplica::shard))
        .map(replica -> replica.observer().status())
        .toList();
  }

  /**
   * How long ago this node's replica of a shard last showed all that was acknowledged, as far as it
   * knows; null when it has not since the start, or there is none.
   */
  public @Nullable Duration age(int shard) {
    ShardReplica replica = replicas.get(groupId(shard));
    return replica == null ? null : replica.observer().age();
  }

  /** Notes what can be seen of a shard's replica here, if there is one. */
  void lookNowAndThen(int shard) {
    ShardReplica replica = replicas.get(groupId(shard));
    if (replica != null) {
      replica.observer().lookNowAndThen();
    }
  }

  RaftServer server() {
    return server;
  }

  Transport transport() {
    return transport;
  }

  /** The store of this node's replica of a shard; null when it has none. */
  @Nullable Store store(int shard) {
    ShardReplica replica = replicas.get(groupId(shard));
    return replica == null ? null : replica.store();
  }

  /** This node's replica of a shard. */
  ShardReplica replica(int shard) {
    ShardReplica replica = replicas.get(groupId(shard));
    if (replica == null) {
      throw new IllegalArgumentException("This node has no replica of shard " + shard + ".");
    }
    return replica;
  }

  /** As Raft sees it here; null when it takes no part, or not yet. */
  RaftServer.@Nullable Division division(int shard) {
    if (!begun.contains(shard)) {
      return null;
    }
    try {
      RaftServer.Division division = server.getDivision(groupId(shard));
      return division.getInfo().isAlive() ? division : null;
    } catch (IOException notHere) {
      return null;
    }
  }

  /** What this node's replica of a group says of itself; null when it takes no part. */
  @Nullable Standing standing(RaftGroupId group) {
    ShardReplica replica = replicas.get(group);
    RaftServer.Division division = replica == null ? null : division(replica.shard());
    return division == null ? null : Standing.of(division);
  }

  private Map<MethodDescriptor<byte[], byte[]>, PeerCalls.Handler> handlers() {
    return Map.of(
        PeerCalls.STANDING,
        question -> {
          Standing standing = standing(RaftGroupId.valueOf(ByteString.copyFrom(question)));
          return standing == null ? null : standing.toBytes();
        },
        PeerCalls.INFO,
        peers::answer,
        PeerCalls.DRAIN,
        peers::drainedBy);
  }

  /** Answers a node that has no replica of a shard; null when there is none here either. */
  private @Nullable CompletionStage<byte[]> read(byte[] question) {
    CompletionStage<ReadAnswer> answer = reads.answer(ReadQuestion.of(question));
    return answer == null ? null : answer.thenApply(ReadAnswer::toBytes);
  }

  /** Has the stores of replicas that come and go; null when none does. */
  @Nullable ReplicaHost host() {
    return host;
  }

  /** What nodes ask each other. */
  PeerCalls calls() {
    return calls;
  }

  /** Whether this node has a replica of a shard, be it that it takes part or not. */
  boolean hasReplica(int shard) {
    return replicas.containsKey(groupId(shard));
  }

  /**
   * What the replica of a group on any node says of itself, asked now.
   *
   * @return completed on a thread that must not be blocked; fails when it does not say in time
   */
  CompletableFuture<Standing> standing(RaftPeer of, RaftGroupId group, long millis) {
    if (!of.getId().equals(server.getId())) {
      return calls
          .ask(of, PeerCalls.STANDING, group.toByteString().toByteArray(), millis)
          .thenApply(Standing::of);
    }
    Standing own = standing(group);
    return own == null
        ? CompletableFuture.failedFuture(new IOException("The replica does not run."))
        : CompletableFuture.completedFuture(own);
  }

  /** Applies the log of a group here. */
  ShardMachine machine(RaftGroupId group) {
    ShardReplica replica = replicas.get(group);
    if (replica == null) {
      throw new IllegalStateException("No store is there for the group " + group + ".");
    }
    return replica.machine();
  }

  /** Has the leader of a group tell this node soon how far its log is committed. */
  void askForCommitIndex(RaftGroupId group) {
    try {
      server.submitClientRequestAsync(
          RaftClientRequest.newBuilder()
              .setClientId(client)
              .setServerId(server.getId())
              .setGroupId(group)
              .setCallId(calledFor.incrementAndGet())
              .setMessage(Message.EMPTY)
              .setType(RaftClientRequest.readRequestType())
              .build());
    } catch (IOException | RuntimeException e) {
      LOG.log(Level.DEBUG, "The leader was not asked.", e);
    }
  }

  RaftGroup group(int shard) {
    List<RaftPeer> peers = options.members().stream().map(Member::peer).toList();
    return RaftGroup.valueOf(groupId(shard), peers);
  }

  /** The same on every node of the cluster, and on none of another. */
  RaftGroupId groupId(int shard) {
    return groupIds.computeIfAbsent(shard, this::newGroupId);
  }

  private RaftGroupId newGroupId(int shard) {
    String name = options.clusterId() + "/" + shard;
    return RaftGroupId.valueOf(UUID.nameUUIDFromBytes(name.getBytes(StandardCharsets.UTF_8)));
  }

  String self() {
    return options.self();
  }

  /**
   * Has other nodes lead the shards that this one leads, as far as they can, before it stops: so
   * writes need not wait for an election. Returns after some seconds at the most.
   */
  public void resign() {
    Resignation.from(server, replicas.values());
  }

  @Override
  public void close() {
    tasks.close();
    transport.close();
    calls.close();
    try {
      server.close();
    } catch (IOException e) {
      LOG.log(Level.WARNING, "The Raft server did not close.", e);
    }
  }
}
