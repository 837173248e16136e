package org.kvstore.server.replication.raft;

import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.jspecify.annotations.Nullable;

/**
 * Asks who the members of a shard are, so that the answer is true: the leader says so, and a
 * majority of those members says, asked later, that nobody has led since. See {@link ReadBarrier},
 * which asks likewise how far the log is committed.
 */
final class Confirmation {
  private final ShardGroups groups;
  private final Standings standings;

  Confirmation(ShardGroups groups, Standings standings) {
    this.groups = groups;
    this.standings = standings;
  }

  /** Whether a node is certainly no member of a shard; it may wait for two seconds. */
  boolean isStranger(int shard, Member leader, String id) {
    RaftGroupId group = groups.id(shard);
    Standing leads = answer(standings.ask(leader.peer(), group));
    if (leads == null || !leads.leads()) {
      return false;
    }
    Collection<RaftPeer> voters = leads.allVoters();
    if (voters.stream().anyMatch(peer -> peer.getId().toString().equals(id))) {
      return false;
    }
    Map<RaftPeer, CompletableFuture<Standing>> answers = new HashMap<>();
    voters.forEach(peer -> answers.put(peer, standings.ask(peer, group)));
    Set<RaftPeerId> confirmed = new HashSet<>();
    answers.forEach(
        (peer, answer) -> {
          Standing its = answer(answer);
          if (its != null && its.confirms(leads, peer.getId())) {
            confirmed.add(peer.getId());
          }
        });
    return leads.isMajority(confirmed);
  }

  /** Null when there is none. */
  private static @Nullable Standing answer(CompletableFuture<Standing> answer) {
    return answer.<@Nullable Standing>handle((standing, failure) -> standing).join();
  }
}
