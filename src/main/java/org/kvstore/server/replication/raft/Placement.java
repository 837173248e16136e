package org.kvstore.server.replication.raft;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Which nodes are to have the replicas of the data shards: as many of each shard as there are to
 * be, no two on one node, and in the end no node with two more than another.
 *
 * <p>What is to change is found one change at a time, and only from who has and leads what now: so
 * whoever goes on after any of them, goes on with the rest. There are three reasons for a change,
 * in this order: a shard has too few replicas on nodes of the cluster, or one on a node that is
 * none any more; it has too many; or the nodes have unequal numbers. A replica comes before another
 * one goes. The nodes are evened out only while all of them are there.
 */
final class Placement {
  private final Set<String> nodes;
  private final Set<String> there;
  private final int replicas;
  private final Map<Integer, String> leaders;
  private final TreeMap<Integer, Set<String>> members = new TreeMap<>();
  private final Map<String, Integer> loads = new HashMap<>();

  private Placement(Situation situation) {
    nodes = new TreeSet<>(situation.nodes());
    there = situation.there();
    leaders = situation.leaders();
    replicas = Math.min(situation.factor(), nodes.size());
    nodes.forEach(node -> loads.put(node, 0));
    situation
        .members()
        .forEach(
            (shard, ids) -> {
              members.put(shard, new TreeSet<>(ids));
              ids.forEach(id -> loads.merge(id, 1, Integer::sum));
            });
  }

  /**
   * Who has what.
   *
   * @param nodes those of the cluster
   * @param members of each shard of which they are known
   * @param factor how many replicas a shard is to have, if there are as many nodes
   * @param there the nodes that answer
   * @param leaders of the shards whose leader is known
   */
  record Situation(
      Collection<String> nodes,
      Map<Integer, ? extends Collection<String>> members,
      int factor,
      Set<String> there,
      Map<Integer, String> leaders) {

    /** One whose leaders are not known. */
    Situation(
        Collection<String> nodes,
        Map<Integer, ? extends Collection<String>> members,
        int factor,
        Set<String> there) {
      this(nodes, members, factor, there, Map.of());
    }

    /** The same when all nodes are there. */
    Situation whole() {
      return new Situation(nodes, members, factor, Set.copyOf(nodes), leaders);
    }
  }

  /**
   * A node comes to have a replica of a shard, or ceases to.
   *
   * @param before who has one until then: with others there, the change may be wrong
   */
  record Change(int shard, String node, boolean comes, Set<String> before) {
    Change {
      before = Set.copyOf(before);
    }
  }

  /**
   * The nodes of a new cluster that begin with a replica of a shard: replicas are dealt out like
   * cards, one shard after the other. Each node finds the same.
   */
  static List<String> initial(Collection<String> nodes, int shard, int factor) {
    List<String> sorted = nodes.stream().sorted().toList();
    int replicas = Math.min(factor, sorted.size());
    return IntStream.range(shard * replicas, (shard + 1) * replicas)
        .mapToObj(card -> sorted.get(card % sorted.size()))
        .sorted()
        .toList();
  }

  /** All that is to change, in this order. */
  static List<Change> changes(Situation situation) {
    return new Placement(situation).all(Placement::next);
  }

  /** Those changes without which a shard has too few replicas, or one that is not to be. */
  static List<Change> repairs(Situation situation) {
    return new Placement(situation).all(Placement::repair);
  }

  /** What is to change next. */
  @FunctionalInterface
  private interface Next {
    @Nullable Change of(Placement placement);
  }

  private List<Change> all(Next next) {
    List<Change> changes = new ArrayList<>();
    for (Change change = next.of(this); change != null; change = next.of(this)) {
      changes.add(change);
      make(change);
    }
    return changes;
  }

  private void make(Change change) {
    if (change.comes()) {
      members(change.shard()).add(change.node());
    } else {
      members(change.shard()).remove(change.node());
    }
    loads.merge(change.node(), change.comes() ? 1 : -1, Integer::sum);
  }

  private Set<String> members(int shard) {
    return members.getOrDefault(shard, Set.of());
  }

  private @Nullable Change next() {
    Change repair = repair();
    if (repair != null) {
      return repair;
    }
    Change trim = first(this::trim);
    return trim != null ? trim : even();
  }

  private @Nullable Change repair() {
    return first(this::repair);
  }

  /** What one shard needs. */
  @FunctionalInterface
  private interface Need {
    @Nullable Change of(int shard);
  }

  private @Nullable Change first(Need need) {
    for (int shard : members.keySet()) {
      Change change = need.of(shard);
      if (change != null) {
        return change;
      }
    }
    return null;
  }

  /** One that is gone is kept until another has come for it, if one can. */
  private @Nullable Change repair(int shard) {
    Set<String> now = members(shard);
    List<String> gone = now.stream().filter(id -> !nodes.contains(id)).toList();
    int left = now.size() - gone.size();
    if (!gone.isEmpty() && now.size() > replicas) {
      return goes(shard, gone.get(0));
    }
    Optional<String> target = left < replicas ? target(now) : Optional.empty();
    if (target.isPresent()) {
      return comes(shard, target.get());
    }
    return gone.isEmpty() || left == 0 ? null : goes(shard, gone.get(0));
  }

  private Change comes(int shard, String node) {
    return new Change(shard, node, true, members(shard));
  }

  private Change goes(int shard, String node) {
    return new Change(shard, node, false, members(shard));
  }

  private Optional<String> target(Set<String> not) {
    return nodes.stream()
        .filter(id -> there.contains(id) && !not.contains(id))
        .min(Comparator.comparing(this::load));
  }

  private int load(String node) {
    return loads.getOrDefault(node, 0);
  }

  /**
   * The one that came last is never the one that goes: it came as it had the least. Among equals a
   * leader stays, as nobody writes while another one takes over.
   */
  private @Nullable Change trim(int shard) {
    Set<String> now = members(shard);
    if (now.size() <= replicas) {
      return null;
    }
    Comparator<String> isAway = Comparator.comparing(id -> !there.contains(id));
    Comparator<String> follows = Comparator.comparing(id -> !id.equals(leaders.get(shard)));
    return now.stream()
        .max(isAway.thenComparing(this::load).thenComparing(follows))
        .map(id -> goes(shard, id))
        .orElse(null);
  }

  /** From one with the most to one with the least; which of the former, is for {@link #trim}. */
  private @Nullable Change even() {
    if (nodes.isEmpty() || !there.containsAll(nodes)) {
      return null;
    }
    int most = nodes.stream().mapToInt(this::load).max().orElseThrow();
    int least = nodes.stream().mapToInt(this::load).min().orElseThrow();
    if (most - least < 2) {
      return null;
    }
    List<String> sources = nodes.stream().filter(id -> load(id) == most).toList();
    Stream<String> targets = nodes.stream().filter(id -> load(id) == least);
    return targets
        .flatMap(target -> moves(sources, target))
        .findFirst()
        .orElseThrow(() -> new IllegalStateException("One has more than another, but not else."));
  }

  private Stream<Change> moves(List<String> sources, String target) {
    return members.entrySet().stream()
        .filter(entry -> !entry.getValue().contains(target))
        .filter(entry -> entry.getValue().stream().anyMatch(sources::contains))
        .map(entry -> comes(entry.getKey(), target));
  }
}
