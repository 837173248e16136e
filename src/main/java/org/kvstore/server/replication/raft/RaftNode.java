package org.kvstore.server.replication.raft;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
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
import org.apache.ratis.thirdparty.io.grpc.MethodDescriptor;
import org.apache.ratis.util.ExitUtils;
import org.apache.ratis.util.JavaUtils;
import org.apache.ratis.util.TimeDuration;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.store.GroupResult;
import org.kvstore.server.store.Store;

/**
 * A node of the cluster: one Raft server, with a group for each shard that it has a replica of. It
 * owns the connections to the others; the stores are the caller's. The last shard, that of the
 * system, is on every node; replicas of the others come and go where there is a {@link
 * ReplicaHost}, and are otherwise on every node too.
 *
 * <p>A replica that cannot take part, now or later, is out of it by itself: {@link #failure} says
 * why, and the other shards go on.
 */
public final class RaftNode implements AutoCloseable {
  private static final Logger LOG = System.getLogger(RaftNode.class.getName());

  /** How long a node is waited for that is to say how its replicas stand. */
  private static final long STANDING_MILLIS = 1_000;

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

  /** They are asked for with each write, and take a digest to make. */
  private final Map<Integer, RaftGroupId> groupIds = new ConcurrentHashMap<>();

  private final ClientId client = ClientId.randomId();
  private final AtomicLong calledFor = new AtomicLong();
  private final RaftServer server;

  /** No more threads than shards: each submits one entry at a time. */
  private final ExecutorService submitters =
      Executors.newCachedThreadPool(
          task -> {
            Thread thread = new Thread(task, "kv-proposals");
            thread.setDaemon(true);
            return thread;
          });

  private final PeerCalls calls;
  private final Standings standings;
  private final PeerCheck check;
  private final Peers peers;
  private final NodeTasks tasks;
  private final int registryShard;
  private final ReplicaReads reads;

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
   * @param stores of those shards that {@link #atStart} names, by their numbers; of others, they
   *     are taken for left over, and dropped
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
    failures = new ReplicaFailures(options.self());
    marks = new ReplicaMarks(options.directory());
    // A port that is taken would end the process.
    ExitUtils.disableSystemExit();
    Files.createDirectories(options.directory());
    if (host == null) {
      registryShard = stores.keySet().stream().max(Comparator.naturalOrder()).orElse(0);
      hosting = null;
      stores.forEach(this::place);
    } else {
      registryShard = options.shards();
      AtStart own = AtStart.of(options, marks);
      Set<Integer> leftOver = new TreeSet<>(stores.keySet());
      leftOver.removeAll(own.all());
      hosting = new Hosting(this, host, own.here(), leftOver);
      own.all().forEach(shard -> place(shard, requireStore(stores, shard)));
    }
    check = new PeerCheck(this, options);
    calls = new PeerCalls(options.endpoint());
    standings = new Standings(calls, STANDING_MILLIS);
    peers = new Peers(this, options, calls, marks);
    tasks = new NodeTasks(this, peers);
    server = newServer();
  }

  /**
   * Which replicas a node has, before it is made.
   *
   * @param here those that may be read from at once: with that of the system
   * @param coming those that have not been sent everything yet; {@link ReplicaHost#came} follows
   */
  public record AtStart(Set<Integer> here, Set<Integer> coming) {

    /** Copies the sets. */
    public AtStart {
      here = Set.copyOf(here);
      coming = Set.copyOf(coming);
    }

    private static AtStart of(ClusterOptions options, ReplicaMarks marks) throws IOException {
      Set<Integer> here = new TreeSet<>(marks.shards());
      Set<Integer> coming = new TreeSet<>();
      here.add(options.shards());
      for (int shard = 0; shard < options.shards(); shard++) {
        if (marks.isComing(shard)) {
          here.remove(shard);
          coming.add(shard);
        } else if (!options.joins()
            && !marks.hasFounded()
            && options.founders(shard).contains(options.own())) {
          here.add(shard);
        }
      }
      return new AtStart(here, coming);
    }

    /** All of them. */
    public Set<Integer> all() {
      Set<Integer> all = new TreeSet<>(here);
      all.addAll(coming);
      return all;
    }
  }

  /**
   * Which replicas a node has: those that it has had at its end, and of a founder that has not
   * begun yet, those that it founds.
   *
   * @throws KeyValueException UNAVAILABLE when the directory of the logs cannot be used
   */
  public static AtStart atStart(ClusterOptions options) {
    try {
      Files.createDirectories(options.directory());
      return AtStart.of(options, new ReplicaMarks(options.directory()));
    } catch (IOException e) {
      throw KeyValueException.of(
              ErrorCode.UNAVAILABLE, "The directory of the logs cannot be used: " + e)
          .withCause(e);
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
        parameters, (builder, types) -> PeerCalls.serve(builder, handlers()));
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
    Proposals proposals = new Proposals(this, shard, submitters);
    ShardMachine machine =
        new ShardMachine(store, proposals, failure -> failures.add(shard, failure));
    Observer observer = new Observer(this, shard);
    replicas.put(group, new ShardReplica(shard, group, store, proposals, machine, observer));
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
      beginAll();
    }
    tasks.start();
    if (hosting != null) {
      hosting.start();
    }
  }

  private void beginAll() throws IOException {
    replicas.values().forEach(this::start);
    isBegun = true;
    if (begun.containsAll(replicas.values().stream().map(ShardReplica::shard).toList())) {
      marks.hasBegunAll();
    }
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
        beginAll();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
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
    if (hosting != null) {
      hosting.joins(shard);
    }
    marks.joins(shard);
    failures.forget(shard);
    place(shard, store);
    start(replica(shard));
    KeyValueException failure = failures.get(shard);
    if (failure != null) {
      replicas.remove(groupId(shard));
      // Else the next start would look for what was never there.
      marks.delete(shard, groupId(shard));
      throw failure;
    }
  }

  /**
   * Ends this node's replica of a shard, which is no member any more, and deletes its log; what
   * becomes of the store is the caller's. Nothing happens when it has none.
   */
  public void leave(int shard) throws IOException {
    end(shard);
    RaftGroupId group = groupId(shard);
    marks.delete(shard, group);
    replicas.remove(group);
    failures.forget(shard);
    if (hosting != null) {
      hosting.left(shard);
    }
  }

  /** Ends this node's replica of a shard, whose log stays; nothing happens when it does not run. */
  void end(int shard) throws IOException {
    RaftGroupId group = groupId(shard);
    begun.remove(shard);
    for (RaftGroupId each : server.getGroupIds()) {
      if (each.equals(group)) {
        require(
            server.groupManagement(
                GroupManagementRequest.newRemove(
                    ClientId.randomId(), server.getId(), 0, group, false, false)));
      }
    }
  }

  /** Has a replica that was ended go on. */
  void resume(int shard) {
    place(shard, replica(shard).store());
    start(replica(shard));
  }

  /** Remembers that a replica that joined has had everything. */
  void came(int shard) throws IOException {
    marks.came(shard);
  }

  /** Another node wants this one to have a replica: whether it runs already. */
  byte[] hosts(byte[] question) {
    int shard = question.length == Integer.BYTES ? ByteBuffer.wrap(question).getInt() : -1;
    boolean isData = shard >= 0 && shard < registryShard;
    boolean runs = isData && (hosting == null ? runs(shard) : hosting.want(shard));
    return new byte[] {(byte) (runs ? 1 : 0)};
  }

  /** Whether this node has a replica of a shard, be it that it takes part or not. */
  boolean hasReplica(int shard) {
    return replicas.containsKey(groupId(shard));
  }

  /** Whether a replica has begun here, and has not failed since. */
  boolean runs(int shard) {
    return begun.contains(shard) && failures.get(shard) == null;
  }

  /** Whether the replica of a shard that is here is to be read from. */
  public boolean isHere(int shard) {
    return hosting == null || shard == registryShard ? hasReplica(shard) : hosting.isHere(shard);
  }

  /** Those data shards that have a replica here, be it running or not. */
  List<Integer> dataShards() {
    return replicas.values().stream()
        .map(ShardReplica::shard)
        .filter(shard -> shard != registryShard)
        .sorted()
        .toList();
  }

  /** Whether all replicas that this node founds have begun once. */
  boolean hasBegunAll() {
    return marks.hasFounded();
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

  /**
   * Who has replicas of a shard, in the order of their names, by the newest word that this node has
   * heard; nobody while it has heard none. Of the registry, by its own replica.
   */
  public List<Member> membersOf(int shard) {
    if (shard == registryShard) {
      return word(shard).map(ShardWord::members).orElse(List.of());
    }
    List<Member> members = ShardWord.members(wordsOf(shard));
    return members.isEmpty() ? ShardWord.members(peers.oldWords(shard)) : members;
  }

  /**
   * Which nodes can be asked for what a shard has: its leader first, as far as it is known; this
   * node only where its own replica is to be read from. Nobody while none is known.
   */
  public List<Member> replicasOf(int shard) {
    String leader = leader(shard);
    return membersOf(shard).stream()
        .filter(member -> !member.id().equals(options.self()) || isHere(shard))
        .sorted(Comparator.comparing(member -> !member.id().equals(leader)))
        .toList();
  }

  /** What this node's replica of a shard says, while it takes part. */
  private Optional<ShardWord> word(int shard) {
    RaftServer.Division division = division(shard);
    return division == null ? Optional.empty() : Optional.of(ShardWord.of(shard, division));
  }

  /** What the replicas here say of their shards. */
  List<ShardWord> words() {
    return replicas.values().stream().flatMap(replica -> word(replica.shard()).stream()).toList();
  }

  /** What all replicas of a shard have said lately. */
  List<ShardWord> wordsOf(int shard) {
    return Stream.concat(word(shard).stream(), peers.words(shard).stream()).toList();
  }

  /** Who leads a shard, as far as this node knows. */
  @Nullable String leader(int shard) {
    RaftServer.Division division = isHere(shard) ? division(shard) : null;
    RaftPeerId leader = division == null ? null : division.getInfo().getLeaderId();
    return leader == null ? ShardWord.leader(wordsOf(shard)) : leader.toString();
  }

  /** The same with its address; null when this node knows nobody. */
  public @Nullable Member leaderOf(int shard) {
    String leader = ShardWord.leader(wordsOf(shard));
    return Stream.concat(membersOf(shard).stream(), members().stream())
        .filter(member -> member.id().equals(leader))
        .findFirst()
        .orElse(null);
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

  /** Whether a node has answered lately, and fits: see {@link #problemsWithPeers}. */
  public boolean isThere(String id) {
    return peers.said(id).isPresent();
  }

  /** Why a node that answers does not fit, for people; empty when it does, or does not answer. */
  public String problem(String id) {
    return peers.problem(id);
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

  /** The shards as they are now, in the order of their numbers. */
  public List<ShardStatus> describe() {
    return IntStream.rangeClosed(0, registryShard)
        .filter(shard -> hosting != null || hasReplica(shard))
        .mapToObj(shard -> takesPart(shard) ? replica(shard).observer().status() : elsewhere(shard))
        .toList();
  }

  /** One that is here is to, whether it does or not. */
  private boolean takesPart(int shard) {
    return isHere(shard) || word(shard).filter(word -> word.names(options.self())).isPresent();
  }

  /** A shard by what its replicas have said. */
  private ShardStatus elsewhere(int shard) {
    List<ShardWord> words = wordsOf(shard);
    long term = words.stream().mapToLong(ShardWord::term).max().orElse(0);
    boolean hasQuorum = words.stream().anyMatch(word -> word.leads() && word.term() == term);
    List<ShardStatus.Replica> members =
        membersOf(shard).stream()
            .map(member -> new ShardStatus.Replica(member.id(), member.raftAddress(), -1, -1))
            .toList();
    String leader = ShardWord.leader(words);
    return new ShardStatus(
        shard, ShardStatus.Role.ELSEWHERE, leader, term, -1, -1, hasQuorum, members, "");
  }

  /**
   * How long ago this node's replica of a shard last showed all that was acknowledged, as far as it
   * knows; null when it has not since the start, and where there is none.
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
        PeerCalls.Handler.of(question -> Standings.answer(question, this::standing)),
        PeerCalls.INFO,
        PeerCalls.Handler.of(peers::answer),
        PeerCalls.DRAIN,
        PeerCalls.Handler.of(peers::drainedBy),
        PeerCalls.HOST,
        PeerCalls.Handler.of(this::hosts),
        PeerCalls.PROPOSE,
        question -> ProposalForm.answer(question, this::propose),
        PeerCalls.READ,
        this::read);
  }

  /** Has this node propose a group, see {@link Proposals#propose}. */
  private CompletableFuture<GroupResult> propose(RaftGroupId group, byte[] bytes) {
    ShardReplica replica = replicas.get(group);
    return replica == null
        ? CompletableFuture.failedFuture(new NotLeadingException())
        : replica.proposals().propose(bytes);
  }

  /**
   * Has a node, which should lead the shard, propose a group; as {@link Proposals#propose}.
   *
   * @param millis how long an answer is waited for
   */
  CompletableFuture<GroupResult> propose(
      RaftPeer at, RaftGroupId group, byte[] bytes, long millis) {
    return at.getId().equals(server.getId())
        ? propose(group, bytes)
        : calls
            .ask(at, PeerCalls.PROPOSE, ProposalForm.question(group, bytes), millis)
            .thenCompose(ProposalForm::result);
  }

  /** Answers a node that has no replica of a shard; it fails when there is none here either. */
  private CompletionStage<byte[]> read(byte[] question) {
    CompletionStage<ReadAnswer> answer = reads.answer(ReadQuestion.of(question));
    return answer == null
        ? CompletableFuture.failedStage(new IOException("There is no replica here."))
        : answer.thenApply(ReadAnswer::toBytes);
  }

  /** What nodes ask each other. */
  PeerCalls calls() {
    return calls;
  }

  /**
   * What the replica of a group on any node says of itself, asked now.
   *
   * @return completed on a thread that must not be blocked; fails when it does not say in time
   */
  CompletableFuture<Standing> standing(RaftPeer of, RaftGroupId group) {
    if (!of.getId().equals(server.getId())) {
      return standings.ask(of, group);
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

  /** As it is founded. */
  RaftGroup group(int shard) {
    boolean isPlaced = hosting != null && shard < registryShard;
    List<Member> founders = isPlaced ? options.founders(shard) : options.members();
    return RaftGroup.valueOf(groupId(shard), founders.stream().map(Member::peer).toList());
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

  /** How many replicas each data shard is to have, if there are as many nodes. */
  int factor() {
    return options.factor();
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
    if (hosting != null) {
      hosting.close();
    }
    tasks.close();
    calls.close();
    try {
      server.close();
    } catch (IOException e) {
      LOG.log(Level.WARNING, "The Raft server did not close.", e);
    }
    submitters.shutdown();
  }
}
