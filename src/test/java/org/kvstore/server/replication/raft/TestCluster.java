package org.kvstore.server.replication.raft;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.kvstore.server.crypto.EncryptionKeys;
import org.kvstore.server.crypto.LogKeys;
import org.kvstore.server.model.Limits;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.model.Submission;
import org.kvstore.server.model.TestPorts;
import org.kvstore.server.replication.DiskSpace;
import org.kvstore.server.service.JsonPatcher;
import org.kvstore.server.store.CommitListener;
import org.kvstore.server.store.Store;
import org.kvstore.server.store.Stores;

/** A cluster of several nodes in this process, on real sockets and directories. */
final class TestCluster implements AutoCloseable {
  private static final String BEHIND_RELAY = "127.0.0.2";

  private final Path parent;
  private final int shards;
  private final List<Member> members;
  private final Map<String, TestNode> nodes = new TreeMap<>();
  private final Map<Member, RaftNode> joined = new HashMap<>();
  private final ScheduledExecutorService timer = Executors.newScheduledThreadPool(2);
  private final ExecutorService answers =
      Executors.newFixedThreadPool(2, task -> new Thread(task, "answer"));
  private final Map<String, EncryptionKeys> keys = new HashMap<>();
  private final List<Relay> relays = new ArrayList<>();
  private LogOptions log = LogOptions.DEFAULT;
  private Limits limits = Limits.DEFAULT;

  TestCluster(Path parent, int size, int shards) {
    this(parent, newMembers(size), shards);
  }

  /** The same, of members that there may have been before. */
  TestCluster(Path parent, List<Member> members, int shards) {
    this.parent = parent;
    this.members = List.copyOf(members);
    this.shards = shards;
  }

  /** Members n1, n2, ... at addresses of their own. */
  static List<Member> newMembers(int size) {
    List<Member> members = new ArrayList<>();
    for (int i = 1; i <= size; i++) {
      members.add(new Member("n" + i, "127.0.0.1:" + TestPorts.free()));
    }
    return members;
  }

  /** A running node. */
  record TestNode(RaftNode raft, List<Store> stores, List<RaftReplicator> replicators) {
    Store store() {
      return stores.get(0);
    }

    RaftReplicator replicator() {
      return replicators.get(0);
    }

    void close() {
      replicators.forEach(RaftReplicator::close);
      raft.close();
      stores.forEach(Store::close);
    }
  }

  TestCluster with(LogOptions others) {
    log = others;
    return this;
  }

  /** Has a node encrypt with some keys from its next start on. */
  TestCluster with(String id, EncryptionKeys its) {
    keys.put(id, its);
    return this;
  }

  private EncryptionKeys keys(String id) {
    return keys.getOrDefault(id, EncryptionKeys.NONE);
  }

  TestCluster with(Limits others) {
    limits = others;
    return this;
  }

  /** Has all that nodes say to each other pass a relay of the one that it goes to. */
  TestCluster relayed() throws IOException {
    for (Member member : members) {
      relays.add(
          new Relay(
              new InetSocketAddress("127.0.0.1", member.port()),
              new InetSocketAddress(BEHIND_RELAY, member.port())));
    }
    return this;
  }

  List<Relay> relays() {
    return relays;
  }

  List<Member> members() {
    return members;
  }

  TestCluster startAll() throws IOException {
    for (Member member : members) {
      start(member.id());
    }
    leader();
    awaitBegun();
    return this;
  }

  /**
   * Waits until each replica has an entry. Before that its vote counts for nobody who has one, so
   * that no node can be spared.
   */
  void awaitBegun() {
    Awaitility.await()
        .atMost(60, TimeUnit.SECONDS)
        .until(
            () ->
                running().stream()
                    .flatMap(node -> node.stores().stream())
                    .allMatch(store -> store.applied().index() >= 0));
  }

  TestNode start(String id) throws IOException {
    return start(options(id), events -> {});
  }

  TestNode start(String id, CommitListener listener) throws IOException {
    return start(options(id), listener);
  }

  ClusterOptions options(String id) {
    ClusterOptions options =
        new ClusterOptions("c", id, members, directory(id).resolve("raft"))
            .with(log)
            .with(new LogKeys(keys(id)));
    return relays.isEmpty() ? options : options.at(new Endpoint(BEHIND_RELAY, null));
  }

  TestNode start(ClusterOptions options, CommitListener listener) throws IOException {
    List<Store> stores = new ArrayList<>();
    for (int shard = 0; shard < shards; shard++) {
      Path directory = storeDirectory(options.self(), shard);
      stores.add(openStore(directory, keys(options.self()), listener));
    }
    RaftNode raft = new RaftNode(options, stores);
    List<RaftReplicator> replicators = new ArrayList<>();
    try {
      raft.start();
      DiskSpace disk = new DiskSpace(directory(options.self()), 0);
      for (int shard = 0; shard < shards; shard++) {
        replicators.add(new RaftReplicator(raft, shard, limits, disk, Thread::new, answers, timer));
      }
    } catch (IOException | RuntimeException e) {
      new TestNode(raft, stores, replicators).close();
      throw e;
    }
    TestNode node = new TestNode(raft, stores, replicators);
    nodes.put(options.self(), node);
    return node;
  }

  /** A node that joins later: it has no replica as yet. */
  RaftNode startEmpty(String id) throws IOException {
    Member member = new Member(id, "127.0.0.1:" + TestPorts.free());
    List<Member> all = new ArrayList<>(members);
    all.add(member);
    Path directory = directory(id).resolve("raft");
    ClusterOptions options = new ClusterOptions("c", id, all, directory).with(log);
    RaftNode raft = new RaftNode(options, Map.of());
    raft.start();
    joined.put(member, raft);
    return raft;
  }

  /** A node with all its stores that waits to be taken in. */
  TestNode startJoining(String id) throws IOException {
    List<Member> told = new ArrayList<>(members);
    if (told.stream().noneMatch(member -> member.id().equals(id))) {
      told.add(new Member(id, "127.0.0.1:" + TestPorts.free()));
    }
    Path directory = directory(id).resolve("raft");
    TestNode node =
        start(new ClusterOptions("c", id, told, directory).joining().with(log), events -> {});
    for (Member member : told) {
      if (member.id().equals(id)) {
        joined.put(member, node.raft());
      }
    }
    return node;
  }

  Member member(String id) {
    return Stream.concat(members.stream(), joined.keySet().stream())
        .filter(member -> member.id().equals(id))
        .findFirst()
        .orElseThrow();
  }

  /** Waits until a replica has applied what another one has. */
  void awaitApplied(Store behind, Store ahead) {
    Awaitility.await()
        .atMost(30, TimeUnit.SECONDS)
        .until(() -> behind.applied().index() >= ahead.applied().index());
  }

  Store openStore(Path directory, CommitListener listener) {
    return openStore(directory, EncryptionKeys.NONE, listener);
  }

  private Store openStore(Path directory, EncryptionKeys its, CommitListener listener) {
    boolean isNew =
        !Files.exists(directory)
            && !Files.exists(directory.resolveSibling(directory.getFileName() + ".install"));
    return Store.open(
        Stores.options(directory).withReplicatedLog().with(its),
        limits,
        isNew,
        new Store.Hooks(listener, new JsonPatcher()));
  }

  Path directory(String id) {
    return parent.resolve(id);
  }

  Path storeDirectory(String id, int shard) {
    return directory(id).resolve("shards").resolve(Integer.toString(shard));
  }

  TestNode node(String id) {
    return Objects.requireNonNull(nodes.get(id));
  }

  List<TestNode> running() {
    return List.copyOf(nodes.values());
  }

  void stop(String id) {
    Objects.requireNonNull(nodes.remove(id)).close();
  }

  void stopAll() {
    List<TestNode> all = List.copyOf(nodes.values());
    nodes.clear();
    atOnce(all.stream().<Runnable>map(node -> node::close).toList());
  }

  /** Each waits for a while, so they do it together. */
  private static void atOnce(List<Runnable> tasks) {
    CompletableFuture<?>[] all =
        tasks.stream()
            .map(task -> CompletableFuture.runAsync(task, each -> new Thread(each).start()))
            .toArray(CompletableFuture[]::new);
    CompletableFuture.allOf(all).join();
  }

  /** The node that leads shard 0, which there is within some seconds. */
  String leader() {
    return Awaitility.await()
        .atMost(60, TimeUnit.SECONDS)
        .until(
            () ->
                nodes.keySet().stream()
                    .filter(id -> node(id).replicator().leads())
                    .findFirst()
                    .orElse(""),
            id -> !id.isEmpty());
  }

  /** A node that runs and does not lead. */
  String follower() {
    String leader = leader();
    return nodes.keySet().stream().filter(id -> !id.equals(leader)).findFirst().orElseThrow();
  }

  /** Waits until all running replicas of shard 0 have applied the same. */
  void awaitEqual() {
    Awaitility.await()
        .atMost(30, TimeUnit.SECONDS)
        .until(
            () -> running().stream().map(node -> node.store().applied()).distinct().count() == 1);
  }

  Outcome write(String id, Submission submission) throws Exception {
    return await(node(id).replicator().submit(submission));
  }

  static <T> T await(CompletionStage<T> stage) throws Exception {
    return stage.toCompletableFuture().get(30, TimeUnit.SECONDS);
  }

  @Override
  public void close() {
    atOnce(joined.values().stream().<Runnable>map(node -> node::close).toList());
    stopAll();
    relays.forEach(Relay::close);
    timer.shutdownNow();
    answers.shutdownNow();
  }
}
