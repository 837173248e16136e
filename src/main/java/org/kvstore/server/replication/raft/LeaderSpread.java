package org.kvstore.server.replication.raft;

import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * Who is to lead which shard, so that no node leads two more than another, as far as their replicas
 * allow: one shard at a time is handed over. Where those who lead the most have no shard that one
 * who leads the least could lead, they hand one to a node between, which hands on one of its own.
 */
final class LeaderSpread {
  private final List<Led> shards;
  private final Map<String, Integer> counts = new TreeMap<>();

  private LeaderSpread(List<Led> shards, Collection<String> nodes) {
    this.shards = shards;
    nodes.forEach(node -> counts.put(node, 0));
    shards.forEach(led -> counts.computeIfPresent(led.leader(), (node, count) -> count + 1));
  }

  /** Who leads a shard, and who could. */
  record Led(int shard, String leader, Set<String> members) {}

  /** A shard that another node is to lead. */
  record Handover(int shard, String to) {}

  /** What is to be handed over next among some nodes; empty when they are as even as can be. */
  static Optional<Handover> next(List<Led> shards, Collection<String> nodes) {
    return nodes.isEmpty() ? Optional.empty() : new LeaderSpread(shards, nodes).next();
  }

  /** The first step of the shortest way from one that leads the most to one that leads less. */
  private Optional<Handover> next() {
    int most = Collections.max(counts.values());
    Map<String, Handover> firsts = new HashMap<>();
    Set<String> seen = new HashSet<>();
    Deque<String> waiting = new ArrayDeque<>();
    counts.forEach(
        (node, count) -> {
          if (count == most) {
            seen.add(node);
            waiting.add(node);
          }
        });
    while (!waiting.isEmpty()) {
      String from = waiting.remove();
      for (Handover handover : from(from)) {
        if (seen.add(handover.to())) {
          Handover first = firsts.getOrDefault(from, handover);
          if (counts.getOrDefault(handover.to(), 0) <= most - 2) {
            return Optional.of(first);
          }
          firsts.put(handover.to(), first);
          waiting.add(handover.to());
        }
      }
    }
    return Optional.empty();
  }

  private List<Handover> from(String node) {
    return shards.stream()
        .filter(led -> led.leader().equals(node))
        .flatMap(
            led ->
                led.members().stream()
                    .filter(counts::containsKey)
                    .sorted()
                    .map(to -> new Handover(led.shard(), to)))
        .toList();
  }
}
