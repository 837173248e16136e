package org.kvstore.server.replication.raft;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.kvstore.server.model.KeyValueException;

/**
 * Evens out who leads, one shard after the other as {@link LeaderSpread} finds them, among those
 * nodes that are there and are not drained.
 *
 * <p>The rounds are of the one thread that calls {@link #round}; any may have it done at once.
 */
final class LeaderBalance {
  private static final Logger LOG = System.getLogger(LeaderBalance.class.getName());

  /** Rounds for which a node has to have been there before it is made to lead. */
  private static final int STEADY_ROUNDS = 5;

  private final Registry registry;
  private final Peers peers;
  private final ClusterView view;
  private final GroupAdmin admin;
  private final Map<String, Integer> rounds = new HashMap<>();

  LeaderBalance(Registry registry, Peers peers, ClusterView view, GroupAdmin admin) {
    this.registry = registry;
    this.peers = peers;
    this.view = view;
    this.admin = admin;
  }

  /** Whether a node is there and not drained. */
  boolean canLead(String id) {
    return peers.canLead(id);
  }

  /** Begins to count anew who is there. */
  void forget() {
    rounds.clear();
  }

  /** To be called about once a second while nothing moves. */
  void round() {
    List<String> members = members();
    rounds.keySet().retainAll(members);
    for (String id : members) {
      if (canLead(id)) {
        rounds.merge(id, 1, Integer::sum);
      } else {
        rounds.remove(id);
      }
    }
    even(
        rounds.entrySet().stream()
            .filter(entry -> entry.getValue() >= STEADY_ROUNDS)
            .map(Map.Entry::getKey)
            .toList());
  }

  /**
   * At once, among the nodes that are there now.
   *
   * @throws KeyValueException UNAVAILABLE when one does not take over; what was done stays so
   */
  void complete() {
    List<String> nodes = members().stream().filter(this::canLead).toList();
    for (int left = 2 * registry.shard(); left >= 0 && even(nodes); left--) {
      LOG.log(Level.DEBUG, "A shard is led by another node.");
    }
  }

  private List<String> members() {
    return Member.ids(registry.members());
  }

  /** Moves one leadership among some nodes, if they are uneven; says whether it did. */
  private boolean even(Collection<String> nodes) {
    List<LeaderSpread.Led> led = new ArrayList<>();
    for (int shard = 0; shard <= registry.shard(); shard++) {
      String leader = view.leader(shard);
      if (leader == null) {
        return false;
      }
      led.add(new LeaderSpread.Led(shard, leader, Set.copyOf(Member.ids(view.membersOf(shard)))));
    }
    Optional<LeaderSpread.Handover> next = LeaderSpread.next(led, nodes);
    next.ifPresent(handover -> admin.transfer(handover.shard(), handover.to()));
    return next.isPresent();
  }
}
