package org.kvstore.server.ops;

import java.util.List;
import java.util.OptionalLong;
import java.util.function.Predicate;
import java.util.function.ToLongFunction;
import org.kvstore.server.replication.raft.LogFiles;
import org.kvstore.server.replication.raft.ProposalCounts;
import org.kvstore.server.replication.raft.RaftMetrics;
import org.kvstore.server.replication.raft.ShardStatus;
import org.kvstore.server.replication.raft.ShardStatus.Replica;
import org.kvstore.server.replication.raft.ShardStatus.Role;
import org.kvstore.server.shard.RaftReplication;

/**
 * What a node of a cluster shows besides: the cluster as it sees it, and its part of the work. Only
 * two families have a label whose values grow with the cluster, that of the shards that have a
 * replica here: as many as {@code kv.shards} and one more, at the most.
 */
final class ClusterMetrics {
  private ClusterMetrics() {}

  static void write(RaftReplication cluster, Exposition out) {
    String self = cluster.options().self();
    List<ShardStatus> shards = cluster.describe();
    nodes(cluster, self, out);
    shards(shards, out);
    eachShard(shards, self, out);
    work(cluster, out);
  }

  private static void nodes(RaftReplication cluster, String self, Exposition out) {
    out.gauge("kvstore_cluster_nodes", "Members of the cluster.", cluster.members().size());
    out.gauge(
        "kvstore_cluster_nodes_alive",
        "Those that this one has heard of lately, itself among them.",
        cluster.members().stream()
            .filter(member -> member.id().equals(self) || cluster.isThere(member.id()))
            .count());
    out.gauge(
        "kvstore_cluster_moves",
        "Shards some of whose replicas are still to come or to go.",
        cluster.membership().moves().size());
  }

  private static void shards(List<ShardStatus> shards, Exposition out) {
    out.gauge(
        "kvstore_cluster_shards", "Shards of the cluster, the system's among them.", shards.size());
    out.gauge(
        "kvstore_cluster_shards_led",
        "Those that this node leads.",
        count(shards, shard -> shard.role() == Role.LEADER));
    out.gauge(
        "kvstore_cluster_shards_without_quorum",
        "Those whose majority this node does not know of, directly or by others.",
        count(shards, shard -> !shard.hasQuorum()));
    out.gauge(
        "kvstore_cluster_replicas",
        "Those that have a replica here.",
        count(shards, shard -> shard.role() != Role.ELSEWHERE));
    out.gauge(
        "kvstore_cluster_replicas_out",
        "Replicas here that take no part.",
        count(shards, shard -> shard.role() == Role.OUT || !shard.problem().isEmpty()));
  }

  private static long count(List<ShardStatus> shards, Predicate<ShardStatus> which) {
    return shards.stream().filter(which).count();
  }

  private static void eachShard(List<ShardStatus> shards, String self, Exposition out) {
    List<ShardStatus> here =
        shards.stream().filter(shard -> shard.role() != Role.ELSEWHERE).toList();
    family(
        out,
        "kvstore_cluster_shard_term",
        "The newest Raft term, of each shard that has a replica here.",
        here,
        ShardStatus::term);
    family(
        out,
        "kvstore_cluster_shard_lag_entries",
        "Entries of the log that the replica here is not known to have, by the leader.",
        here.stream().filter(shard -> lag(shard, self).isPresent()).toList(),
        shard -> lag(shard, self).orElse(0));
  }

  private static void family(
      Exposition out,
      String name,
      String help,
      List<ShardStatus> shards,
      ToLongFunction<ShardStatus> value) {
    out.begin("gauge", name, help);
    shards.forEach(
        shard ->
            out.sample(
                name, "shard=\"" + shard.shard() + "\"", Long.toString(value.applyAsLong(shard))));
  }

  private static OptionalLong lag(ShardStatus shard, String self) {
    return shard.members().stream()
        .filter(replica -> replica.node().equals(self) && replica.lag() >= 0)
        .mapToLong(Replica::lag)
        .findFirst();
  }

  private static void work(RaftReplication cluster, Exposition out) {
    out.counter(
        "kvstore_cluster_elections_total",
        "Elections that replicas here have stood for.",
        RaftMetrics.elections());
    ProposalCounts counts = cluster.proposals();
    String proposals = "kvstore_cluster_proposals_total";
    if (counts != null) {
      out.begin(
              "counter", proposals, "Entries that this node has proposed, by what became of them.")
          .sample(proposals, "outcome=\"applied\"", Long.toString(counts.applied()))
          .sample(proposals, "outcome=\"refused\"", Long.toString(counts.refused()))
          .sample(proposals, "outcome=\"unknown\"", Long.toString(counts.unknown()));
    }
    out.histogram(
        "kvstore_cluster_log_sync_duration_seconds",
        "To write entries to the replicated log of a shard and fsync them.",
        RaftMetrics.logSyncs());
    out.gauge(
        "kvstore_cluster_log_bytes",
        "Size of the replicated logs, which the quota does not count.",
        LogFiles.bytes(cluster.options().directory()));
  }
}
