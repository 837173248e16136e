package org.kvstore.server.service;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.net.URI;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.NullUnmarked;
import org.kvstore.api.ClusterDocument;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.replication.raft.Member;
import org.kvstore.server.replication.raft.Membership;
import org.kvstore.server.replication.raft.ShardStatus;
import org.kvstore.server.shard.RaftReplication;

/** Describes the cluster, as this node sees it, and changes who belongs to it. */
@ApplicationScoped
public class ClusterService {
  private final EngineHandle handle;

  /** For the container's proxy only. */
  @NullUnmarked
  protected ClusterService() {
    handle = null;
  }

  @Inject
  public ClusterService(EngineHandle handle) {
    this.handle = handle;
  }

  /**
   * The cluster as of now.
   *
   * @throws KeyValueException NOT_FOUND on a single server
   */
  public ClusterDocument describe() {
    Engine engine = handle.require();
    RaftReplication cluster = cluster(engine);
    ClusterConfig config = engine.config().cluster().orElseThrow();
    List<ShardStatus> shards = cluster.describe();
    String self = cluster.options().self();
    List<ClusterDocument.Shard> described =
        shards.stream().map(shard -> shard(shard, self)).toList();
    return new ClusterDocument(
        cluster.options().clusterId(),
        cluster.members().stream().map(of -> node(of, cluster, config)).toList(),
        described.subList(0, described.size() - 1),
        described.get(described.size() - 1),
        cluster.membership().moves().stream()
            .map(move -> new ClusterDocument.Move(move.shard(), move.add(), move.remove()))
            .toList());
  }

  /**
   * Makes a node that runs with {@code kv.cluster.join} a member of the cluster, and returns once
   * it has a replica of the system's shard; those of the data shards follow by themselves. For what
   * is a member at that address already, nothing changes.
   *
   * @param raftAddress {@code host:port} where the other nodes reach it
   * @throws KeyValueException NOT_FOUND on a single server; REQUEST_INVALID; PRECONDITION_FAILED
   *     when there is such a member at another address, or no room for one more; UNAVAILABLE when
   *     the node cannot be reached, or there is no majority
   */
  public ClusterDocument add(String id, String raftAddress) {
    return changed(membership -> membership.add(new Member(id, raftAddress)));
  }

  /**
   * Begins to take a node out of the cluster, be it alive or not.
   *
   * @throws KeyValueException NOT_FOUND on a single server, and when it is no member;
   *     PRECONDITION_FAILED when it is the last, or those left alive would be no majority
   */
  public ClusterDocument remove(String id) {
    return changed(membership -> membership.remove(id));
  }

  /**
   * Has a node give up all that it leads and lead nothing more; or lead again, as it does when it
   * is started again.
   *
   * @throws KeyValueException NOT_FOUND on a single server, and when it is no member; UNAVAILABLE
   *     when it does not answer
   */
  public ClusterDocument drain(String id, boolean drained) {
    return changed(membership -> membership.drain(id, drained));
  }

  /**
   * Has the leaders of shards spread evenly over the nodes now.
   *
   * @throws KeyValueException NOT_FOUND on a single server
   */
  public ClusterDocument rebalance() {
    return changed(Membership::rebalance);
  }

  private ClusterDocument changed(Consumer<Membership> change) {
    change.accept(cluster(handle.require()).membership());
    return describe();
  }

  private static RaftReplication cluster(Engine engine) {
    return engine
        .shards()
        .cluster()
        .orElseThrow(
            () ->
                KeyValueException.of(ErrorCode.NOT_FOUND, "This server is no node of a cluster."));
  }

  private static ClusterDocument.Node node(
      Member member, RaftReplication cluster, ClusterConfig config) {
    String url = url(member.id(), cluster, config);
    boolean isSelf = member.id().equals(config.node());
    String problem = cluster.problem(member.id());
    return new ClusterDocument.Node(
        member.id(),
        url.isEmpty() ? null : url,
        member.raftAddress(),
        isSelf || cluster.isThere(member.id()),
        isSelf,
        cluster.isDrained(member.id()),
        problem.isEmpty() ? null : problem);
  }

  /** Where clients reach a node; empty where that is not known. */
  static String url(String id, RaftReplication cluster, ClusterConfig config) {
    URI told = config.urls().get(id);
    return told == null ? cluster.url(id) : told.toString();
  }

  /** A shard as the node {@code self} sees it. */
  static ClusterDocument.Shard shard(ShardStatus shard, String self) {
    return new ClusterDocument.Shard(
        shard.shard(),
        shard.leader(),
        shard.term(),
        shard.members().stream().map(replica -> replica(replica, shard, self)).toList(),
        shard.hasQuorum(),
        shard.problem().isEmpty() ? null : shard.problem());
  }

  private static ClusterDocument.Replica replica(
      ShardStatus.Replica replica, ShardStatus shard, String self) {
    boolean isKnown = replica.lag() >= 0;
    long applied =
        replica.node().equals(self)
            ? shard.applied()
            : isKnown ? shard.committed() - replica.lag() : -1;
    return new ClusterDocument.Replica(
        replica.node(),
        role(replica.node(), shard, self),
        applied < 0 ? null : applied,
        isKnown ? replica.lag() : null);
  }

  private static String role(String node, ShardStatus shard, String self) {
    if (node.equals(shard.leader())) {
      return "leader";
    }
    boolean isCandidate = node.equals(self) && shard.role() == ShardStatus.Role.CANDIDATE;
    return isCandidate ? "candidate" : "follower";
  }
}
