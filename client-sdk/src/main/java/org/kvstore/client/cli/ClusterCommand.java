package org.kvstore.client.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.kvstore.api.ClusterDocument;
import org.kvstore.client.KeyValueClient;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

/** {@code kv cluster}: the nodes and shards of a cluster, as one node sees them. */
@Command(
    name = "cluster",
    description = "Prints the nodes and shards of the cluster, as one node sees them.",
    sortOptions = false)
final class ClusterCommand implements Callable<Integer> {
  private static final String NODE = "%-12s  %-6s  %-32s  %s%n";
  private static final String SHARD = "%6s  %-12s  %6s  %-6s  %s%n";

  @ParentCommand private Kv kv;

  @Option(names = "--json", description = "Print it as JSON.")
  private boolean json;

  @SuppressWarnings("NullAway.Init") // set by picocli
  ClusterCommand() {}

  @Override
  public Integer call() throws IOException {
    Optional<ClusterDocument> cluster;
    try (KeyValueClient client = kv.connect()) {
      cluster = client.cluster();
    }
    if (cluster.isEmpty()) {
      return kv.fail(ExitCode.NOT_FOUND, "the server is no node of a cluster");
    }
    PrintStream out = kv.streams().out();
    if (json) {
      out.println(Json.write(cluster.get()));
    } else {
      print(cluster.get(), out);
    }
    return ExitCode.OK;
  }

  private static void print(ClusterDocument cluster, PrintStream out) {
    out.println("cluster " + cluster.clusterId());
    out.println();
    out.printf(NODE, "NODE", "ALIVE", "URL", "RAFT");
    for (ClusterDocument.Node node : cluster.nodes()) {
      String id = node.self() ? node.id() + "*" : node.id();
      String url = Optional.ofNullable(node.url()).orElse("-");
      out.printf(NODE, id, yesOrNo(node.alive()), url, node.raftAddress());
    }
    out.println();
    out.printf(SHARD, "SHARD", "LEADER", "TERM", "QUORUM", "REPLICAS (BEHIND BY)");
    print("system", cluster.system(), out);
    cluster.shards().forEach(shard -> print(String.valueOf(shard.number()), shard, out));
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
