package org.kvstore.server.replication.raft;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/** What this node shows people of the shards: of its own replicas, and of what others say. */
final class ShardOverview {
  private final String self;
  private final ShardGroups groups;
  private final Replicas replicas;
  private final ClusterView view;

  ShardOverview(String self, ShardGroups groups, Replicas replicas, ClusterView view) {
    this.self = self;
    this.groups = groups;
    this.replicas = replicas;
    this.view = view;
  }

  /** The shards as they are now, in the order of their numbers. */
  List<ShardStatus> describe() {
    return IntStream.rangeClosed(0, groups.registry())
        .filter(shard -> groups.arePlaced() || replicas.has(shard))
        .mapToObj(shard -> takesPart(shard) ? own(shard) : elsewhere(shard))
        .toList();
  }

  /** One that is here is to, whether it does or has failed. */
  private boolean takesPart(int shard) {
    return replicas.isHere(shard)
        || replicas.hasFailed(shard)
        || replicas.word(shard).filter(word -> word.names(self)).isPresent();
  }

  private ShardStatus own(int shard) {
    ShardStatus own = replicas.require(shard).observer().status(view.wordsOf(shard));
    if (own.role() != ShardStatus.Role.OUT) {
      return own;
    }
    // The shard may be well without it.
    ShardStatus said = elsewhere(shard);
    return new ShardStatus(
        shard,
        own.role(),
        said.leader(),
        said.term(),
        own.applied(),
        said.committed(),
        said.hasQuorum(),
        said.members(),
        own.problem());
  }

  /** Of the registry too, where its own replica takes no part. */
  private List<Member> membersOf(int shard, List<ShardWord> words) {
    List<Member> members = view.membersOf(shard);
    return members.isEmpty() ? ShardWord.members(words) : members;
  }

  /** A shard by what its replicas have said. */
  private ShardStatus elsewhere(int shard) {
    List<ShardWord> words = view.wordsOf(shard);
    long term = words.stream().mapToLong(ShardWord::term).max().orElse(0);
    Optional<ShardWord> leads = ShardWord.ofLeader(words).filter(word -> word.term() == term);
    Map<String, Long> lags = leads.map(ShardWord::lagsByMember).orElse(Map.of());
    List<ShardStatus.Replica> members =
        membersOf(shard, words).stream()
            .map(
                member ->
                    new ShardStatus.Replica(
                        member.id(), member.raftAddress(), lags.getOrDefault(member.id(), -1L), -1))
            .toList();
    String leader = ShardWord.leader(words);
    return new ShardStatus(
        shard,
        ShardStatus.Role.ELSEWHERE,
        leader,
        term,
        -1,
        leads.map(ShardWord::committed).orElse(-1L),
        leads.isPresent(),
        members,
        "");
  }
}
