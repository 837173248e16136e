package org.kvstore.server.replication.raft;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.kvstore.server.model.Limits;
import org.kvstore.server.model.TestPorts;
import org.kvstore.server.service.JsonPatcher;
import org.kvstore.server.store.DataDirectory;
import org.kvstore.server.store.Store;
import org.kvstore.server.store.Stores;

/** A cluster in this process whose nodes have replicas of some of the data shards each. */
final class PlacedCluster implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(90);

  private final Path parent;
  private final int shards;
  private int factor;
  private final Map<String, Member> members = new TreeMap<>();
  private final List<Member> founders = new ArrayList<>();
  private final Map<String, Node> nodes = new ConcurrentSkipListMap<>();

  PlacedCluster(Path parent, int shards, int factor) {
    this.parent = parent;
    this.shards = shards;
    this.factor = factor;
  }

  /** From the next start of each node on. */
  void setFactor(int replicas) {
    factor = replicas;
  }

  Member member(String id) {
    Member known = members.get(id);
    if (known == null) {
      known = new Member(id, "127.0.0.1:" + TestPorts.free());
      members.put(id, known);
    }
    return known;
  }

  /** A node that runs. */
  static final class Node implements AutoCloseable {
    private final RaftNode raft;
    private final Host host;
    private final Membership membership;

    Node(ClusterOptions options, Host host) throws IOException {
      this.host = host;
      ReplicasAtStart own = ReplicasAtStart.of(options);
      own.all().forEach(host::open);
      host.findLeftOver();
      host.here.addAll(own.here());
      raft = new RaftNode(options, host.stores, host);
      membership = new Membership(raft);
      try {
        raft.start();
        membership.start();
      } catch (IOException | RuntimeException e) {
        close();
        throw e;
      }
    }

    RaftNode raft() {
      return raft;
    }

    Host host() {
      return host;
    }

    Membership membership() {
      return membership;
    }

    @Override
    public void close() {
      membership.close();
      raft.close();
      host.stores.values().forEach(Store::close);
    }
  }

  /** What a host is told. */
  enum Call {
    OPEN,
    CAME,
    GOES,
    DROP
  }

  /** The stores of a node, each in a directory of its own. It may die when it is told something. */
  static final class Host implements ReplicaHost {
    private final Path directory;
    private final Set<Call> deadly;
    private final ConcurrentMap<Integer, Store> stores = new ConcurrentHashMap<>();
    private final Set<Integer> here = ConcurrentHashMap.newKeySet();
    private volatile boolean isDead;
    private volatile boolean hasRoom = true;

    /** What a drop waits for. */
    private volatile CountDownLatch drops = new CountDownLatch(0);

    Host(Path directory, Set<Call> deadly) {
      this.directory = directory;
      this.deadly = deadly;
    }

    Set<Integer> shards() {
      return Set.copyOf(stores.keySet());
    }

    Set<Integer> here() {
      return Set.copyOf(here);
    }

    Store store(int shard) {
      return Objects.requireNonNull(stores.get(shard));
    }

    boolean isDead() {
      return isDead;
    }

    void setRoom(boolean isThere) {
      hasRoom = isThere;
    }

    /** Has the next drop take until this is called again. */
    void holdDrops(boolean holds) {
      drops.countDown();
      drops = new CountDownLatch(holds ? 1 : 0);
    }

    private void liveThrough(Call call) {
      if (isDead || deadly.contains(call)) {
        isDead = true;
        throw new IllegalStateException("It died.");
      }
    }

    private void findLeftOver() throws IOException {
      if (!Files.exists(directory)) {
        return;
      }
      try (var found = Files.list(directory)) {
        found
            .map(path -> path.getFileName().toString())
            .filter(name -> name.matches("[0-9]+"))
            .forEach(name -> open(Integer.parseInt(name)));
      }
    }

    @Override
    public Store open(int shard) {
      if (stores.containsKey(shard)) {
        return store(shard);
      }
      Path path = directory.resolve(Integer.toString(shard));
      boolean isNew =
          !Files.exists(path)
              && !Files.exists(path.resolveSibling(path.getFileName() + ".install"));
      Store store =
          Store.open(
              Stores.options(path).withReplicatedLog(),
              Limits.DEFAULT,
              isNew,
              new Store.Hooks(events -> {}, new JsonPatcher()));
      stores.put(shard, store);
      liveThrough(Call.OPEN);
      return store;
    }

    @Override
    public void drop(int shard) {
      if (!stores.containsKey(shard)) {
        return;
      }
      liveThrough(Call.DROP);
      awaitDrops();
      here.remove(shard);
      Store store = stores.remove(shard);
      if (store != null) {
        store.close();
      }
      try {
        DataDirectory.deleteTree(directory.resolve(Integer.toString(shard)));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    private void awaitDrops() {
      try {
        drops.await();
      } catch (InterruptedException closing) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException(closing);
      }
    }

    @Override
    public boolean hasRoom(int shard) {
      return hasRoom;
    }

    @Override
    public void came(int shard) {
      liveThrough(Call.CAME);
      here.add(shard);
    }

    @Override
    public void goes(int shard) {
      liveThrough(Call.GOES);
      here.remove(shard);
    }
  }

  ClusterOptions options(String id) throws IOException {
    boolean isFounder = founders.contains(member(id));
    List<Member> told = new ArrayList<>(founders);
    if (!isFounder) {
      told.add(member(id));
    }
    ClusterOptions options =
        new ClusterOptions("c", id, told, parent.resolve(id).resolve("raft"))
            .withShards(shards)
            .withFactor(factor)
            .with(new LogOptions(20, 8_192));
    return isFounder ? options : options.joining();
  }

  /** Founds it, with nodes n1 and so on. */
  void found(int size) throws IOException {
    for (int number = 1; number <= size; number++) {
      founders.add(member("n" + number));
    }
    for (Member founder : founders) {
      start(founder.id());
    }
    Awaitility.await().atMost(PATIENCE).until(this::areAllLed);
  }

  private boolean areAllLed() {
    return IntStream.rangeClosed(0, shards)
        .allMatch(
            shard -> nodes.values().stream().anyMatch(node -> node.raft().replicas().lead(shard)));
  }

  Node start(String id) throws IOException {
    return start(id, options(id), Set.of());
  }

  Node start(String id, ClusterOptions options, Set<Call> deadly) throws IOException {
    // The stores of the start are opened before anything is deadly.
    Path directory = parent.resolve(id).resolve("shards");
    Node node = new Node(options, new Host(directory, ConcurrentHashMap.newKeySet()));
    node.host.deadly.addAll(deadly);
    nodes.put(id, node);
    return node;
  }

  void stop(String id) {
    Objects.requireNonNull(nodes.remove(id)).close();
  }

  Node node(String id) {
    return Objects.requireNonNull(nodes.get(id));
  }

  Map<String, Node> running() {
    return nodes;
  }

  Path directory(String id) {
    return parent.resolve(id);
  }

  /** The node that leads the registry, and so moves replicas. */
  String leader() {
    return Awaitility.await()
        .atMost(PATIENCE)
        .until(
            () ->
                nodes.keySet().stream()
                    .filter(id -> node(id).raft().replicas().lead(shards))
                    .findFirst()
                    .orElse(""),
            id -> !id.isEmpty());
  }

  /** Each shard's members, as a node sees them. */
  Map<Integer, List<String>> members(String at) {
    Map<Integer, List<String>> seen = new HashMap<>();
    for (int shard = 0; shard < shards; shard++) {
      seen.put(shard, node(at).raft().view().membersOf(shard).stream().map(Member::id).toList());
    }
    return seen;
  }

  /** Waits until nothing moves any more, and all nodes have what they are to have and no more. */
  void awaitSettled() {
    Awaitility.await()
        .atMost(PATIENCE.multipliedBy(2))
        .pollInterval(200, TimeUnit.MILLISECONDS)
        .until(
            () -> {
              Map<Integer, List<String>> members = members(leader());
              return nodes.keySet().stream()
                  .allMatch(
                      id ->
                          members.equals(members(id))
                              && node(id).membership().moves().isEmpty()
                              && node(id).host().shards().equals(shardsOf(id, members))
                              && node(id).host().here().equals(shardsOf(id, members)));
            });
  }

  Set<Integer> shardsOf(String id, Map<Integer, List<String>> members) {
    Set<Integer> own = new HashSet<>(Set.of(shards));
    members.forEach(
        (shard, ids) -> {
          if (ids.contains(id)) {
            own.add(shard);
          }
        });
    return own;
  }

  @Override
  public void close() {
    nodes.values().parallelStream().forEach(Node::close);
    nodes.clear();
  }
}
