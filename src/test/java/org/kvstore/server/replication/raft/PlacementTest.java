package org.kvstore.server.replication.raft;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashSet;
import java.util.IntSummaryStatistics;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.kvstore.server.replication.raft.Placement.Change;
import org.kvstore.server.replication.raft.Placement.Situation;

/** Replicas are placed evenly, by few changes, none of which endangers a shard. */
class PlacementTest {
  static IntStream seeds() {
    return IntStream.range(0, 300);
  }

  @Test
  void initial_isEven_andTheSameInEachOrder() {
    for (int size = 1; size <= 7; size++) {
      for (int factor = 1; factor <= 7; factor++) {
        List<String> nodes = new ArrayList<>(nodes(size));
        List<List<String>> placed = initial(nodes, factor);
        Collections.shuffle(nodes, new Random(size));
        assertThat(initial(nodes, factor)).isEqualTo(placed);
        int replicas = Math.min(factor, size);
        assertThat(placed).hasSize(16).allSatisfy(ids -> assertThat(ids).hasSize(replicas));
        assertThat(placed).allSatisfy(ids -> assertThat(ids).doesNotHaveDuplicates());
        assertEven(nodes, placed);
        assertThat(Placement.changes(new Situation(nodes, numbered(placed), factor, all(nodes))))
            .isEmpty();
      }
    }
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void whateverThereIs_becomesEven_andNoShardHasTooFewMeanwhile(int seed) {
    Random random = new Random(seed);
    Situation before = any(random);
    int replicas = Math.min(before.factor(), before.nodes().size());
    List<Change> changes = Placement.changes(before);

    Map<Integer, Set<String>> now = copy(before.members());
    for (Change change : changes) {
      Set<String> members = of(now, change.shard());
      assertThat(change.before()).isEqualTo(members);
      int least = Math.min(replicas, members.size());
      apply(now, change);
      assertThat(members).hasSizeBetween(least, Math.max(replicas, change.before().size()) + 1);
      if (!change.comes() && !before.nodes().contains(change.node())) {
        continue;
      }
      assertThat(before.nodes()).contains(change.node());
      assertThat(change.comes() || members.size() >= replicas).isTrue();
    }

    assertThat(now.values())
        .allSatisfy(
            members ->
                assertThat(members).hasSize(replicas).isSubsetOf(new HashSet<>(before.nodes())));
    assertEven(before.nodes(), now.values());
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void stoppedAnywhere_itGoesOnWithTheRest_atAnyNode(int seed) {
    Random random = new Random(seed);
    Situation before = any(random);
    List<Change> changes = Placement.changes(before);
    int done = random.nextInt(changes.size() + 1);

    Map<Integer, Set<String>> now = copy(before.members());
    changes.subList(0, done).forEach(change -> apply(now, change));
    List<String> nodes = new ArrayList<>(before.nodes());
    Collections.shuffle(nodes, random);

    assertThat(Placement.changes(new Situation(nodes, now, before.factor(), before.there())))
        .isEqualTo(changes.subList(done, changes.size()));
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void whileNodesAreAway_onlyWhatIsNeededIsDone_andNothingComesToThem(int seed) {
    Random random = new Random(seed);
    Situation whole = any(random);
    List<String> there = new ArrayList<>(whole.nodes());
    there.remove(random.nextInt(there.size()));
    Situation before =
        new Situation(whole.nodes(), whole.members(), whole.factor(), Set.copyOf(there));
    int replicas = Math.min(before.factor(), before.nodes().size());

    List<Change> changes = Placement.changes(before);

    Map<Integer, Set<String>> now = copy(before.members());
    for (Change change : changes) {
      Set<String> members = of(now, change.shard());
      boolean isWell = members.size() == replicas && before.nodes().containsAll(members);
      assertThat(isWell).as("%s of %s", change, members).isFalse();
      assertThat(!change.comes() || there.contains(change.node())).isTrue();
      apply(now, change);
      assertThat(members).isNotEmpty();
    }
  }

  @Test
  void nodeThatIsAdded_getsItsShare_andNothingElseMoves() {
    for (int size = 3; size < 7; size++) {
      Map<Integer, Set<String>> now = numbered(initial(nodes(size), 3));
      List<String> more = nodes(size + 1);

      List<Change> changes = Placement.changes(new Situation(more, now, 3, all(more)));

      List<Change> come = changes.stream().filter(Change::comes).toList();
      String added = more.get(size);
      assertThat(come).allSatisfy(change -> assertThat(change.node()).isEqualTo(added));
      assertThat(come).hasSize(16 * 3 / (size + 1));
      assertThat(changes).hasSize(2 * come.size());
    }
  }

  @Test
  void nodeThatIsRemoved_isReplacedOnce_andFewOthersMove() {
    for (int size = 4; size <= 7; size++) {
      for (String removed : nodes(size)) {
        Map<Integer, Set<String>> now = numbered(initial(nodes(size), 3));
        List<String> left = new ArrayList<>(nodes(size));
        left.remove(removed);
        long lost = now.values().stream().filter(members -> members.contains(removed)).count();

        List<Change> changes = Placement.changes(new Situation(left, now, 3, all(left)));

        assertThat(changes.stream().filter(Change::comes).count())
            .as("%d nodes without %s", size, removed)
            .isBetween(lost, lost + 2);
        assertThat(Placement.repairs(new Situation(left, now, 3, all(left))))
            .hasSize((int) (2 * lost));
      }
    }
  }

  @Test
  void withAsManyReplicasAsNodes_eachShardGainsBeforeItLoses() {
    Map<Integer, Set<String>> now = numbered(List.of(List.of("n1", "n2", "n3")));
    List<String> nodes = List.of("n1", "n2", "n4");

    List<Change> changes = Placement.changes(new Situation(nodes, now, 7, all(nodes)));

    assertThat(changes)
        .containsExactly(
            new Change(0, "n4", true, Set.of("n1", "n2", "n3")),
            new Change(0, "n3", false, Set.of("n1", "n2", "n3", "n4")));
  }

  @Test
  void ofTooManyReplicas_thoseThatAreAwayGoFirst() {
    Map<Integer, Set<String>> now = numbered(List.of(List.of("n1", "n2", "n3", "n4")));
    List<String> nodes = nodes(4);

    List<Change> changes =
        Placement.changes(new Situation(nodes, now, 3, Set.of("n1", "n3", "n4")));

    assertThat(changes).containsExactly(new Change(0, "n2", false, Set.of("n1", "n2", "n3", "n4")));
  }

  @Test
  void ofTooManyReplicas_thatOfTheLeaderStays_amongEquals() {
    Map<Integer, Set<String>> now = numbered(List.of(List.of("n1", "n2", "n3", "n4")));
    List<String> nodes = nodes(4);

    for (String leader : nodes) {
      Situation led = new Situation(nodes, now, 3, all(nodes), Map.of(0, leader));
      assertThat(Placement.changes(led))
          .singleElement()
          .satisfies(change -> assertThat(change.node()).isNotEqualTo(leader));
    }
  }

  private static Situation any(Random random) {
    List<String> nodes = nodes(1 + random.nextInt(7));
    int factor = 1 + random.nextInt(7);
    List<String> known = new ArrayList<>(nodes);
    for (int gone = random.nextInt(3); gone > 0; gone--) {
      known.add("gone" + gone);
    }
    Map<Integer, Set<String>> members = new TreeMap<>();
    for (int shard = random.nextInt(24); shard >= 0; shard--) {
      Collections.shuffle(known, random);
      int size = 1 + random.nextInt(Math.min(known.size(), 5));
      members.put(shard, new TreeSet<>(known.subList(0, size)));
    }
    return new Situation(nodes, members, factor, all(nodes));
  }

  private static List<List<String>> initial(Collection<String> nodes, int factor) {
    return IntStream.range(0, 16)
        .mapToObj(shard -> Placement.initial(nodes, shard, factor))
        .toList();
  }

  private static List<String> nodes(int size) {
    return IntStream.rangeClosed(1, size).mapToObj(number -> "n" + number).toList();
  }

  private static Set<String> all(Collection<String> nodes) {
    return Set.copyOf(nodes);
  }

  private static Map<Integer, Set<String>> numbered(List<List<String>> placed) {
    Map<Integer, Set<String>> members = new TreeMap<>();
    placed.forEach(ids -> members.put(members.size(), new TreeSet<>(ids)));
    return members;
  }

  private static Map<Integer, Set<String>> copy(
      Map<Integer, ? extends Collection<String>> members) {
    Map<Integer, Set<String>> copy = new TreeMap<>();
    members.forEach((shard, ids) -> copy.put(shard, new TreeSet<>(ids)));
    return copy;
  }

  private static Set<String> of(Map<Integer, Set<String>> members, int shard) {
    return Objects.requireNonNull(members.get(shard));
  }

  private static void apply(Map<Integer, Set<String>> members, Change change) {
    boolean isNew =
        change.comes()
            ? of(members, change.shard()).add(change.node())
            : of(members, change.shard()).remove(change.node());
    assertThat(isNew).as("%s", change).isTrue();
  }

  private static void assertEven(
      Collection<String> nodes, Collection<? extends Collection<String>> placed) {
    IntSummaryStatistics loads =
        nodes.stream()
            .mapToInt(node -> (int) placed.stream().filter(ids -> ids.contains(node)).count())
            .summaryStatistics();
    assertThat(loads.getMax() - loads.getMin()).isLessThanOrEqualTo(1);
  }
}
