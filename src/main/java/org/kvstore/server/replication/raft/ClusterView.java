package org.kvstore.server.replication.raft;

import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.server.RaftServer;
import org.jspecify.annotations.Nullable;

/**
 * Where the replicas of each shard are and who leads it, as far as this node knows: by its own
 * replica and by what others have said lately of theirs. It is a hint; Raft's own configuration is
 * the truth.
 */
final class ClusterView {
  private final String self;
  private final Registry registry;
  private final Replicas replicas;
  private final Peers peers;

  ClusterView(String self, Registry registry, Replicas replicas, Peers peers) {
    this.self = self;
    this.registry = registry;
    this.replicas = replicas;
    this.peers = peers;
  }

  /**
   * Who has replicas of a shard, in the order of their names, by the newest word that this node has
   * heard; nobody while it has heard none. Of the registry, by its own replica.
   */
  List<Member> membersOf(int shard) {
    if (shard == registry.shard()) {
      return registry.members();
    }
    List<Member> members = ShardWord.members(wordsOf(shard));
    return members.isEmpty() ? ShardWord.members(peers.oldWords(shard)) : members;
  }

  /** Whether this node belongs to the cluster; not while it takes no part. */
  boolean hasSelf() {
    return registry.members().stream().anyMatch(member -> member.id().equals(self));
  }

  /**
   * Which nodes can be asked for what a shard has: its leader first, as far as it is known; this
   * node only where its own replica is to be read from. Nobody while none is known.
   */
  List<Member> readableAt(int shard) {
    String leader = leader(shard);
    return membersOf(shard).stream()
        .filter(member -> !member.id().equals(self) || replicas.isHere(shard))
        .sorted(Comparator.comparing(member -> !member.id().equals(leader)))
        .toList();
  }

  /** What all replicas of a shard have said lately. */
  List<ShardWord> wordsOf(int shard) {
    return Stream.concat(replicas.word(shard).stream(), peers.words(shard).stream()).toList();
  }

  /** Who leads a shard, as far as this node knows. */
  @Nullable String leader(int shard) {
    RaftServer.Division division = replicas.isHere(shard) ? replicas.division(shard) : null;
    RaftPeerId leader = division == null ? null : division.getInfo().getLeaderId();
    return leader == null ? ShardWord.leader(wordsOf(shard)) : leader.toString();
  }

  /** The same by what is said, with its address; null when this node knows nobody. */
  @Nullable Member leaderOf(int shard) {
    String leader = ShardWord.leader(wordsOf(shard));
    return Stream.concat(membersOf(shard).stream(), registry.membersOrTold().stream())
        .filter(member -> member.id().equals(leader))
        .findFirst()
        .orElse(null);
  }
}
