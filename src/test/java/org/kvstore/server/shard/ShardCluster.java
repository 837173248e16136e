package org.kvstore.server.shard;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
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
import org.awaitility.Awaitility;
import org.kvstore.server.crypto.LogKeys;
import org.kvstore.server.model.Event;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Limits;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.model.Retention;
import org.kvstore.server.model.ShardNumber;
import org.kvstore.server.model.Submission;
import org.kvstore.server.model.TestPorts;
import org.kvstore.server.replication.DiskSpace;
import org.kvstore.server.replication.raft.ClusterOptions;
import org.kvstore.server.replication.raft.Endpoint;
import org.kvstore.server.replication.raft.GroupAdmin;
import org.kvstore.server.replication.raft.LogOptions;
import org.kvstore.server.replication.raft.Member;
import org.kvstore.server.replication.raft.RaftNode;
import org.kvstore.server.replication.raft.ShardStatus;
import org.kvstore.server.service.JsonPatcher;
import org.kvstore.server.store.CommitListener;
import org.kvstore.server.store.StoreOptions;
import org.kvstore.server.store.Stores;
import org.kvstore.server.store.WatchHub;

/**
 * Nodes in this process, on real sockets and directories: founders with a replica of each shard,
 * and others that have none until they are given one.
 */
final class ShardCluster implements AutoCloseable {
  private static final int FOUNDERS = 3;

  private final Path parent;
  private final int count;
  private final List<Member> founders = new ArrayList<>();
  private final Map<String, Node> nodes = new TreeMap<>();
  private final ScheduledExecutorService timer = Executors.newScheduledThreadPool(2);
  private final ExecutorService threads = Executors.newCachedThreadPool();

  ShardCluster(Path parent, int count) throws IOException {
    this.parent = parent;
    this.count = count;
    for (int i = 1; i <= FOUNDERS; i++) {
      founders.add(new Member("n" + i, "127.0.0.1:" + TestPorts.free()));
    }
    for (Member member : founders) {
      start(member, false);
    }
    leader(0);
    Awaitility.await()
        .atMost(60, TimeUnit.SECONDS)
        .until(
            () ->
                nodes.values().stream()
                    .flatMap(node -> node.shards().stores().stream())
                    .allMatch(store -> store.applied().index() >= 0));
  }

  /** A running node. */
  record Node(Member member, Shards shards, RaftReplication replication, ShardHost host) {
    RaftNode raft() {
      return Objects.requireNonNull(replication.node());
    }

    Shard shard(int number) {
      return shards.data().get(number);
    }
  }

  /** A member of the cluster that has no replica of a data shard. */
  Node startEmpty(String id) throws IOException {
    Node empty = start(new Member(id, "127.0.0.1:" + TestPorts.free()), true);
    // It begins once it has heard of the others.
    Awaitility.await()
        .atMost(30, TimeUnit.SECONDS)
        .until(() -> empty.raft().describe().stream().anyMatch(ShardCluster::runs));
    setMembers(count, empty.member(), true);
    Awaitility.await()
        .atMost(30, TimeUnit.SECONDS)
        .until(() -> empty.raft().members().contains(empty.member()));
    return empty;
  }

  private static boolean runs(ShardStatus shard) {
    return shard.role() == ShardStatus.Role.FOLLOWER;
  }

  /** Again and again, as whoever moves replicas does: a new member that is slow is refused. */
  private void setMembers(int shard, Member member, boolean isMember) {
    GroupAdmin admin = new GroupAdmin(node("n1").raft());
    Awaitility.await()
        .atMost(90, TimeUnit.SECONDS)
        .ignoreExceptionsInstanceOf(KeyValueException.class)
        .until(
            () -> {
              List<Member> before = admin.members(shard);
              List<Member> after = new ArrayList<>(before);
              after.remove(member);
              if (isMember) {
                after.add(member);
              }
              admin.setMembers(shard, before, after);
              return true;
            });
  }

  private Node start(Member member, boolean isEmpty) throws IOException {
    return start(member, isEmpty, events -> {});
  }

  Node start(Member member, boolean isEmpty, CommitListener entries) {
    List<Member> members = new ArrayList<>(founders);
    if (isEmpty) {
      members.add(member);
    }
    Path directory = parent.resolve(member.id());
    ClusterOptions options =
        new ClusterOptions(
            "c",
            member.id(),
            members,
            isEmpty,
            "",
            count,
            ClusterOptions.MOST_REPLICAS,
            directory.resolve("raft"),
            Endpoint.LOOPBACK,
            LogOptions.DEFAULT,
            LogKeys.NONE);
    Shard.Setup setup =
        new Shard.Setup(
            Limits.DEFAULT,
            Retention.DEFAULT,
            entries,
            events -> {},
            new JsonPatcher(Limits.DEFAULT),
            Thread::new,
            () -> new WatchHub.Lanes(threads, threads, blocked -> {}),
            threads,
            Clock.systemUTC());
    List<Shard> opened = new ArrayList<>();
    for (int number = 0; number <= count; number++) {
      StoreOptions own =
          Stores.options(directory.resolve("shards").resolve(Integer.toString(number)))
              .withReplicatedLog()
              .of(number < count ? new ShardNumber(number, count) : ShardNumber.ONLY);
      Shard.Begin begin = isEmpty && number < count ? Shard.Begin.ELSEWHERE : Shard.Begin.NEW;
      opened.add(Shard.open(number, own, begin, setup.entries(), setup));
    }
    RaftReplication replication = new RaftReplication(options, setup, timer);
    Shards shards = new Shards(opened.subList(0, count), opened.get(count), "c", replication);
    DiskSpace disk = new DiskSpace(parent, 0);
    shards.start(disk, Clock.systemUTC());
    // Which replicas there are is each test's to say.
    replication.membership().close();
    Node node = new Node(member, shards, replication, new ShardHost(opened, disk));
    nodes.put(member.id(), node);
    return node;
  }

  Node node(String id) {
    return Objects.requireNonNull(nodes.get(id));
  }

  /** A founder that leads a shard. */
  String leader(int shard) {
    return Awaitility.await()
        .atMost(60, TimeUnit.SECONDS)
        .until(
            () ->
                nodes.keySet().stream()
                    .filter(id -> node(id).shard(shard).replicator().leads())
                    .findFirst()
                    .orElse(""),
            id -> !id.isEmpty());
  }

  /** A founder that runs and does not lead a shard. */
  String follower(int shard) {
    String leader = leader(shard);
    return founders.stream()
        .map(Member::id)
        .filter(id -> nodes.containsKey(id) && !id.equals(leader))
        .findFirst()
        .orElseThrow();
  }

  /** Has a node take part in a shard, until it is read there. */
  void come(Node node, int shard) {
    Awaitility.await().atMost(30, TimeUnit.SECONDS).until(() -> node.raft().want(shard));
    setMembers(shard, node.member(), true);
    Awaitility.await().atMost(30, TimeUnit.SECONDS).until(() -> node.shard(shard).isHere());
  }

  /** Undoes it, until its store is deleted. */
  void go(Node node, int shard) {
    if (node.shard(shard).replicator().leads()) {
      new GroupAdmin(node("n1").raft()).transfer(shard, follower(shard));
    }
    setMembers(shard, node.member(), false);
    Awaitility.await()
        .atMost(60, TimeUnit.SECONDS)
        .until(() -> node.shard(shard).place().storeOpen() == null);
  }

  Outcome write(String id, Submission submission, Key key) throws Exception {
    return await(node(id).shards().of(key).replicator().submit(submission));
  }

  static <T> T await(CompletionStage<T> stage) throws Exception {
    return stage.toCompletableFuture().get(30, TimeUnit.SECONDS);
  }

  /** Of a list of events, those whose revision does not follow the one before. */
  static List<Event> gaps(List<Event> events) {
    List<Event> gaps = new ArrayList<>();
    for (int i = 1; i < events.size(); i++) {
      if (events.get(i).revision() != events.get(i - 1).revision() + 1) {
        gaps.add(events.get(i));
      }
    }
    return gaps;
  }

  void stop(String id) {
    Objects.requireNonNull(nodes.remove(id)).shards().close();
  }

  /** Stops all founders but one. */
  void stopAllBut(String id) {
    founders.stream().map(Member::id).filter(each -> !each.equals(id)).forEach(this::stop);
  }

  @Override
  public void close() {
    CompletableFuture<?>[] all =
        nodes.values().stream()
            .map(node -> CompletableFuture.runAsync(node.shards()::close, threads))
            .toArray(CompletableFuture[]::new);
    CompletableFuture.allOf(all).join();
    timer.shutdownNow();
    threads.shutdown();
  }
}
