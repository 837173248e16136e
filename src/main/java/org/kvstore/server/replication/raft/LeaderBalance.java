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
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.kvstore.api.ErrorCode;
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

  /** How often, and how far apart, a leader is looked for: through an election. */
  private static final int LOOKS = 50;

  private static final long LOOK_MILLIS = 200;

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

  /** Begins to count anew who is there. */
  void forget() {
    rounds.clear();
  }

  /** To be called about once a second while nothing moves. */
  void round() {
    List<String> members = members();
    rounds.keySet().retainAll(members);
    for (String id : members) {
      if (peers.canLead(id)) {
        rounds.merge(id, 1, Integer::sum);
      } else {
        rounds.remove(id);
      }
    }
    List<String> steady =
        rounds.entrySet().stream()
            .filter(entry -> entry.getValue() >= STEADY_ROUNDS)
            .map(Map.Entry::getKey)
            .toList();
    List<LeaderSpread.Led> led = led();
    if (isWhole(led)) {
      even(led, steady);
    }
  }

  /**
   * At once, among the nodes that are there now.
   *
   * @throws KeyValueException UNAVAILABLE when one does not take over, or a shard has no leader;
   *     what was done stays so
   */
  void complete() {
    List<String> nodes = members().stream().filter(peers::canLead).toList();
    for (int left = 2 * registry.shard(); left >= 0 && even(requireLed(), nodes); left--) {
      LOG.log(Level.DEBUG, "A shard is led by another node.");
    }
  }

  /** One that has just been handed over, or whose leader has just gone, has none for a moment. */
  private List<LeaderSpread.Led> requireLed() {
    for (int left = LOOKS; ; left--) {
      List<LeaderSpread.Led> led = led();
      if (isWhole(led)) {
        return led;
      }
      if (left == 0) {
        throw KeyValueException.of(
            ErrorCode.UNAVAILABLE,
            "Shard %d has no leader now, so leaders cannot be spread evenly."
                .formatted(led.size()));
      }
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(LOOK_MILLIS));
    }
  }

  /** The shards and their leaders, up to the first that has none. */
  private List<LeaderSpread.Led> led() {
    List<LeaderSpread.Led> led = new ArrayList<>();
    for (int shard = 0; shard <= registry.shard(); shard++) {
      String leader = view.leader(shard);
      if (leader == null) {
        break;
      }
      led.add(new LeaderSpread.Led(shard, leader, Set.copyOf(Member.ids(view.membersOf(shard)))));
    }
    return led;
  }

  private boolean isWhole(List<LeaderSpread.Led> led) {
    return led.size() > registry.shard();
  }

  private List<String> members() {
    return Member.ids(registry.members());
  }

  /** Moves one leadership among some nodes, if they are uneven; says whether it did. */
  private boolean even(List<LeaderSpread.Led> led, Collection<String> nodes) {
    Optional<LeaderSpread.Handover> next = LeaderSpread.next(led, nodes);
    next.ifPresent(handover -> admin.transfer(handover.shard(), handover.to()));
    return next.isPresent();
  }
}
