package org.kvstore.client.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.kvstore.api.ClusterDocument;
import org.kvstore.client.KeyValueClient;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** {@code kv cluster}: the nodes and shards of a cluster, and changes of its nodes. */
@Command(
    name = "cluster",
    description = {
      "Prints the nodes and shards of the cluster, as one node sees them.",
      "Its commands change which nodes there are, and who leads."
    },
    synopsisSubcommandLabel = "[COMMAND]",
    sortOptions = false)
final class ClusterCommand implements Callable<Integer> {
  private static final String NODE = "%-12s  %-6s  %-8s  %-32s  %s%n";
  private static final String SHARD = "%6s  %-12s  %6s  %-6s  %s%n";
  private static final String MOVE = "%6s  %-20s  %s%n";

  @ParentCommand private Kv kv;

  @Option(names = "--json", description = "Print it as JSON.")
  private boolean json;

  @SuppressWarnings("NullAway.Init") // set by picocli
  ClusterCommand() {}

  @Override
  public Integer call() throws IOException {
    ClusterDocument cluster;
    try (KeyValueClient client = kv.connect()) {
      cluster = client.cluster().orElseThrow(NoClusterException::new);
    }
    PrintStream out = kv.streams().out();
    if (json) {
      out.println(Json.write(cluster));
    } else {
      print(cluster, out);
    }
    return ExitCode.OK;
  }

  @Command(
      name = "add",
      description = {
        "Makes a node a member that runs with kv.cluster.join, and waits until it has its shards.",
        "Ends with code 5 when --timeout is over; it goes on, and the same command waits again."
      })
  int add(
      @Parameters(
              paramLabel = "NODE=HOST:PORT",
              description = "Its id, and where the other nodes reach it: n4=host4:9084.")
          String member,
      @Option(names = "--no-wait", description = "Return when it is a member.") boolean noWait)
      throws IOException {
    int equals = member.indexOf('=');
    if (equals < 1) {
      throw kv.usage("'" + member + "' is not NODE=HOST:PORT, such as n4=host4:9084");
    }
    String id = member.substring(0, equals);
    String address = member.substring(equals + 1);
    if (noWait) {
      NodeChange.ask(kv, client -> client.addNode(id, address));
      return ExitCode.OK;
    }
    return new NodeChange(kv, id, NodeProgress.Goal.COME)
        .run(client -> client.addNode(id, address));
  }

  @Command(
      name = "remove",
      description = {
        "Takes a node out of the cluster, be it alive or not, and waits until no shard needs it.",
        "Ends with code 5 when --timeout is over; it goes on, and the same command waits again."
      })
  int remove(
      @Parameters(paramLabel = "NODE", description = "Its id.") String id,
      @Option(names = "--no-wait", description = "Return when it has begun.") boolean noWait)
      throws IOException {
    if (noWait) {
      NodeChange.ask(kv, client -> client.removeNode(id));
      return ExitCode.OK;
    }
    return new NodeChange(kv, id, NodeProgress.Goal.GO).run(client -> client.removeNode(id));
  }

  @Command(
      name = "drain",
      description = {
        "Has a node give up all that it leads, and lead nothing until 'undrain' or its next start;",
        "waits until it leads nothing. For maintenance: clients then notice nothing when it stops.",
        "Ends with code 5 when --timeout is over; it goes on, and the same command waits again."
      })
  int drain(
      @Parameters(paramLabel = "NODE", description = "Its id.") String id,
      @Option(names = "--no-wait", description = "Return when it has begun.") boolean noWait)
      throws IOException {
    if (noWait) {
      NodeChange.ask(kv, client -> client.drainNode(id));
      return ExitCode.OK;
    }
    return new NodeChange(kv, id, NodeProgress.Goal.REST).run(client -> client.drainNode(id));
  }

  @Command(name = "undrain", description = "Lets a node lead again.")
  int undrain(@Parameters(paramLabel = "NODE", description = "Its id.") String id)
      throws IOException {
    NodeChange.ask(kv, client -> client.undrainNode(id));
    return ExitCode.OK;
  }

  @Command(name = "rebalance", description = "Has leaders spread evenly over the nodes now.")
  int rebalance() throws IOException {
    NodeChange.ask(kv, KeyValueClient::rebalance);
    return ExitCode.OK;
  }

  private static void print(ClusterDocument cluster, PrintStream out) {
    out.println("cluster " + cluster.clusterId());
    out.println();
    out.printf(NODE, "NODE", "ALIVE", "DRAINED", "URL", "RAFT");
    for (ClusterDocument.Node node : cluster.nodes()) {
      String id = node.self() ? node.id() + "*" : node.id();
      String url = Optional.ofNullable(node.url()).orElse("-");
      out.printf(NODE, id, yesOrNo(node.alive()), yesOrNo(node.drained()), url, node.raftAddress());
    }
    cluster.nodes().stream()
        .filter(node -> node.problem() != null)
        .forEach(node -> out.println(node.id() + " " + node.problem()));
    out.println();
    out.printf(SHARD, "SHARD", "LEADER", "TERM", "QUORUM", "REPLICAS (BEHIND BY)");
    print("system", cluster.system(), out);
    cluster.shards().forEach(shard -> print(String.valueOf(shard.number()), shard, out));
    Stream.concat(Stream.of(cluster.system()), cluster.shards().stream())
        .filter(shard -> shard.problem() != null)
        .forEach(shard -> out.println(shard.problem()));
    if (!cluster.moves().isEmpty()) {
      out.println();
      out.printf(MOVE, "SHARD", "TO COME", "TO GO");
      cluster.moves().forEach(move -> print(move, cluster.shards().size(), out));
    }
  }

  private static void print(ClusterDocument.Move move, int system, PrintStream out) {
    String shard = move.shard() == system ? "system" : String.valueOf(move.shard());
    out.printf(MOVE, shard, names(move.add()), names(move.remove()));
  }

  private static String names(List<String> nodes) {
    return nodes.isEmpty() ? "-" : String.join(", ", nodes);
  }

  private static void print(String name, ClusterDocument.Shard shard, PrintStream out) {
    String leader = Optional.ofNullable(shard.leader()).orElse("-");
    String replicas =
        shard.replicas().stream()
            .map(
                replica ->
                    replica.node() + " (" + (replica.lag() == null ? "?" : replica.lag()) + ")")
            .collect(Collectors.joining(", "));
    out.printf(SHARD, name, leader, shard.term(), yesOrNo(shard.quorum()), replicas);
  }

  private static String yesOrNo(boolean value) {
    return value ? "yes" : "no";
  }
}
