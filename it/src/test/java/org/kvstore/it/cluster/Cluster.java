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
import org.kvstore.client.KeyValueClient;
import org.kvstore.it.support.Ports;
import org.kvstore.it.support.ServerProcess;
import org.kvstore.it.support.Service;

/** Nodes on this machine that know each other through a {@link Network}. */
final class Cluster implements AutoCloseable {
  private static final String SHARDS = "4";
  private static final Duration ELECTION = Duration.ofMinutes(1);
  private static final Duration PATIENCE = Duration.ofMinutes(1);

  private final Network network;
  private final int founders;
  private final int shards;
  private final boolean hasClocks;
  private final SmallDisk disk;
  private final List<Node> nodes = new ArrayList<>();

  /** Defines a cluster; nothing runs yet. */
  Cluster(String name, int size) {
    this(name, size, size, Map.of(), false);
  }

  /** One that some nodes found and the others may join. */
  static Cluster growing(String name, int founders, int size) {
    return growing(name, founders, size, Map.of());
  }

  /** The same with more variables for all nodes. */
  static Cluster growing(String name, int founders, int size, Map<String, String> variables) {
    return new Cluster(name, founders, size, variables, false);
  }

  /** One whose nodes have clocks of their own, which can be set but are slow. */
  static Cluster withClocks(String name, int size) {
    return new Cluster(name, size, size, Map.of(), true);
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
    Path directory = ServerProcess.directory(name);
    int[] ports = Ports.free(InetAddress.getLoopbackAddress(), size);
    for (int number : network.nodes()) {
      Path home = newDirectory(directory.resolve("n" + number));
      Path data = newDirectory(home.resolve("disk")).resolve("data");
      WallClock clock = new WallClock(home.resolve("clock"));
      Map<String, String> own = variables(number, ports, home, variables);
      if (hasClocks) {
        own.putAll(clock.variables());
      }
      nodes.add(new Node(number, clock, data, own));
    }
    disk = new SmallDisk(directory.resolve("n" + size).resolve("disk"));
  }

  /** Starts all nodes and waits until they are ready. */
  void start() {
    List<Node> first = nodes.subList(0, founders);
    first.forEach(Node::start);
    first.forEach(Node::awaitReady);
  }

  /** Whether the clocks of its nodes can be set. */
  boolean hasClocks() {
    return hasClocks;
  }

  /** How many shards it has. */
  int shards() {
    return shards;
  }

  Network network() {
    return network;
  }

  /** The disk of the last node. */
  SmallDisk disk() {
    return disk;
  }

  List<Node> nodes() {
    return List.copyOf(nodes);
  }

  /** A node by its number, from 1. */
  Node node(int number) {
    return nodes.get(number - 1);
  }

  /** A client that knows all nodes, those included that are to join. */
  KeyValueClient client() {
    List<URI> uris = nodes.stream().map(node -> node.service().uri()).toList();
    return KeyValueClient.builder(uris.get(0), uris.subList(1, uris.size()).toArray(URI[]::new))
        .totalTimeout(PATIENCE)
        .build();
  }

  /** Some node that runs, if one does. */
  Node any(Random random) {
    List<Node> running = nodes.stream().filter(Node::isRunning).toList();
    if (running.isEmpty()) {
      return nodes.get(random.nextInt(nodes.size()));
    }
    return running.get(random.nextInt(running.size()));
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

  /** Who leads a shard, as the nodes that run tell. */
  private Set<Integer> leaders(int shard) {
    return nodes.stream()
        .filter(Node::isRunning)
        .flatMap(node -> ClusterStatus.of(node).stream())
        .flatMapToInt(status -> status.leader(shard).stream())
        .boxed()
        .collect(toSet());
  }

  /** Undoes all that can happen to it, and waits until all nodes are ready. */
  void heal() {
    network.heal();
    disk.free();
    nodes.forEach(Node::resume);
    nodes.forEach(node -> node.clock().set(0));
    start();
  }

  /** Kills all nodes at about the same time. */
  void killAll() {
    CompletableFuture.allOf(
            nodes.stream()
                .map(
                    node ->
                        CompletableFuture.runAsync(node::kill, kill -> new Thread(kill).start()))
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

  private Map<String, String> variables(
      int number, int[] ports, Path home, Map<String, String> more) {
    Map<String, String> variables = new HashMap<>();
    variables.put("KV_CLUSTER_NODE", "n" + number);
    int known = Math.max(founders, number);
    variables.put("KV_CLUSTER_MEMBERS", members(known, network::name));
    variables.put(
        "KV_CLUSTER_URLS", members(known, to -> new Service(ports[to - 1]).uri().toString()));
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

  private String members(int known, java.util.function.IntFunction<String> where) {
    return network.nodes().stream()
        .filter(to -> to <= founders || to == known)
        .map(to -> "n%d=%s".formatted(to, where.apply(to)))
        .collect(joining(","));
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
