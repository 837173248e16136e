package org.kvstore.it.cluster;

import static java.util.stream.Collectors.joining;
import static java.util.stream.Collectors.toSet;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.function.Consumer;
import java.util.function.IntFunction;
import org.kvstore.client.KeyValueClient;
import org.kvstore.it.support.Ports;
import org.kvstore.it.support.ServerProcess;
import org.kvstore.it.support.Service;

/**
 * Nodes on this machine that know each other through a {@link Network}. Some are its members;
 * others are spare, and may take their places.
 */
public final class Cluster implements AutoCloseable {
  private static final String SHARDS = "4";
  private static final String FACTOR = "3";
  private static final Duration ELECTION = Duration.ofMinutes(1);
  private static final Duration PATIENCE = Duration.ofMinutes(1);

  private final Network network;
  private final int founders;
  private final int shards;
  private final int factor;
  private final int[] ports;
  private final boolean hasClocks;
  private final SmallDisk disk;
  private final List<Node> nodes = new ArrayList<>();

  /** Numbers of those that belong to it, as far as those who change that know. */
  private final Set<Integer> members = new ConcurrentSkipListSet<>();

  /** Defines a cluster; nothing runs yet. */
  Cluster(String name, int size) {
    this(name, size, size, Map.of(), false);
  }

  /** One that some nodes found and the others may join. */
  static Cluster growing(String name, int founders, int size) {
    return growing(name, founders, size, Map.of());
  }

  /** The same with more variables for all nodes. */
  public static Cluster growing(
      String name, int founders, int size, Map<String, String> variables) {
    return new Cluster(name, founders, size, variables, false);
  }

  /** With more variables for all nodes. */
  Cluster(String name, int size, Map<String, String> variables, boolean hasClocks) {
    this(name, size, size, variables, hasClocks);
  }

  private Cluster(
      String name, int founders, int size, Map<String, String> variables, boolean hasClocks) {
    this.founders = founders;
    this.hasClocks = hasClocks;
    network = new Network(size);
    shards = Integer.parseInt(variables.getOrDefault("KV_SHARDS", SHARDS));
    factor = Integer.parseInt(variables.getOrDefault("KV_REPLICATION_FACTOR", FACTOR));
    Path directory = ServerProcess.directory(name);
    ports = Ports.free(InetAddress.getLoopbackAddress(), size);
    for (int number : network.nodes()) {
      Path home = newDirectory(directory.resolve("n" + number));
      Path data = newDirectory(home.resolve("disk")).resolve("data");
      WallClock clock = new WallClock(home.resolve("clock"));
      Map<String, String> own = variables(number, home, variables);
      if (hasClocks) {
        own.putAll(clock.variables());
      }
      nodes.add(new Node(number, clock, data, own));
      if (number <= founders) {
        members.add(number);
      }
    }
    disk = new SmallDisk(directory.resolve("n" + size).resolve("disk"));
  }

  /** Starts all members and waits until they are ready. */
  public void start() {
    members().forEach(Node::start);
    members().forEach(Node::awaitReady);
  }

  /** Whether the clocks of its nodes can be set. */
  boolean hasClocks() {
    return hasClocks;
  }

  /** How many shards it has. */
  int shards() {
    return shards;
  }

  /** How many replicas a shard has, if there are as many members. */
  int replicas() {
    return Math.min(factor, members.size());
  }

  Network network() {
    return network;
  }

  /** The disk of the last node. */
  SmallDisk disk() {
    return disk;
  }

  /** All that there are, spare ones too. */
  List<Node> nodes() {
    return List.copyOf(nodes);
  }

  /** Those that belong to it. */
  List<Node> members() {
    return nodes.stream().filter(this::isMember).toList();
  }

  /** Whether a node belongs to it. */
  boolean isMember(Node node) {
    return members.contains(node.number());
  }

  /** Some node that does not belong to it. */
  Node spare(Random random) {
    List<Node> spare = nodes.stream().filter(node -> !isMember(node)).toList();
    return spare.get(random.nextInt(spare.size()));
  }

  /** Takes note that a node belongs to it. */
  void admit(Node node) {
    members.add(node.number());
  }

  /** Takes note that a node belongs to it no more. */
  void dismiss(Node node) {
    members.remove(node.number());
  }

  /** Ends a node's process and deletes its data; it is to join the members of now. */
  void renew(Node node) {
    node.renew(known(members, node.number()));
  }

  /** A node by its number, from 1. */
  public Node node(int number) {
    return nodes.get(number - 1);
  }

  /** A client that knows all nodes, those included that are to join. */
  KeyValueClient client() {
    List<URI> uris = nodes.stream().map(node -> node.service().uri()).toList();
    return KeyValueClient.builder(uris.get(0), uris.subList(1, uris.size()).toArray(URI[]::new))
        .totalTimeout(PATIENCE)
        .build();
  }

  /** Some member that runs, if one does. */
  Node any(Random random) {
    List<Node> members = members();
    List<Node> running = members.stream().filter(Node::isRunning).toList();
    List<Node> from = running.isEmpty() ? members : running;
    return from.get(random.nextInt(from.size()));
  }

  /** Some node that a client may come upon: a member, or one that runs. */
  Node anywhere(Random random) {
    List<Node> from = nodes.stream().filter(node -> isMember(node) || node.isRunning()).toList();
    return from.get(random.nextInt(from.size()));
  }

  /** The node that leads a shard, once all that run agree on one. */
  Node leader(int shard) {
    return node(
        await()
            .atMost(ELECTION)
            .pollInterval(Duration.ofMillis(50))
            .until(() -> leaders(shard), leaders -> leaders.size() == 1)
            .iterator()
            .next());
  }

  /** Who leads a shard, as the members that run tell. */
  private Set<Integer> leaders(int shard) {
    return members().stream()
        .filter(Node::isRunning)
        .flatMap(node -> ClusterStatus.of(node).stream())
        .flatMapToInt(status -> status.leader(shard).stream())
        .boxed()
        .collect(toSet());
  }

  /**
   * Undoes all that can happen to it, ends the nodes that do not belong to it, and waits until all
   * members are ready.
   */
  void heal() {
    network.heal();
    disk.free();
    nodes.forEach(Node::resume);
    nodes.forEach(node -> node.clock().set(0));
    nodes.stream().filter(node -> !isMember(node)).forEach(Node::kill);
    start();
  }

  /** Kills all nodes at about the same time. */
  void killAll() {
    together(Node::kill);
  }

  /** Stops all nodes in order, at about the same time. */
  void stopAll() {
    together(Node::stop);
  }

  private void together(Consumer<Node> end) {
    CompletableFuture.allOf(
            nodes.stream()
                .map(
                    node ->
                        CompletableFuture.runAsync(
                            () -> end.accept(node), each -> new Thread(each).start()))
                .toArray(CompletableFuture[]::new))
        .join();
  }

  /** What the nodes have printed last, and where the rest is, for a failure's message. */
  String describe() {
    nodes.forEach(Node::resume);
    return nodes.stream().map(Node::describe).collect(joining("\n--- ", "\n--- ", "\n"));
  }

  @Override
  public void close() {
    nodes.forEach(Node::resume);
    killAll();
    network.close();
    disk.close();
  }

  private Map<String, String> variables(int number, Path home, Map<String, String> more) {
    Map<String, String> variables = new HashMap<>();
    variables.put("KV_CLUSTER_NODE", "n" + number);
    variables.putAll(known(Set.copyOf(network.nodes().subList(0, founders)), number));
    if (number > founders) {
      variables.put("KV_CLUSTER_JOIN", "true");
    }
    variables.put("KV_CLUSTER_HOST", network.address(number).getAddress().getHostAddress());
    variables.put("KV_SHARDS", SHARDS);
    variables.put(ServerProcess.HTTP_PORT, Integer.toString(ports[number - 1]));
    variables.put("KV_HTTPS_PORT", "-1");
    variables.put("KV_DISK_FLOOR", "32MiB");
    variables.put(
        "KV_JAVA_OPTIONS",
        ServerProcess.QUICK_START + " -Djdk.net.hosts.file=" + hosts(number, home));
    variables.putAll(more);
    return variables;
  }

  /** The variables of a node that knows some others. */
  private Map<String, String> known(Set<Integer> others, int number) {
    List<Integer> known =
        network.nodes().stream().filter(to -> to == number || others.contains(to)).toList();
    return Map.of(
        "KV_CLUSTER_MEMBERS",
        list(known, network::name),
        "KV_CLUSTER_URLS",
        list(known, to -> new Service(ports[to - 1]).uri().toString()));
  }

  private static String list(List<Integer> nodes, IntFunction<String> where) {
    return nodes.stream().map(to -> "n%d=%s".formatted(to, where.apply(to))).collect(joining(","));
  }

  private static Path newDirectory(Path directory) {
    try {
      return Files.createDirectories(directory);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Path hosts(int number, Path home) {
    try {
      return Files.writeString(home.resolve("hosts"), network.hosts(number));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
