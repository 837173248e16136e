package org.kvstore.server.replication.raft;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.kvstore.server.replication.raft.LeaderSpread.Handover;
import org.kvstore.server.replication.raft.LeaderSpread.Led;

/** Leaders are spread over the nodes that may lead, and only to where a replica is. */
class LeaderSpreadTest {
  static IntStream seeds() {
    return IntStream.range(0, 200);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void whoeverLeads_isEvenInTheEnd_andHasAReplica(int seed) {
    Random random = new Random(seed);
    List<String> nodes =
        IntStream.rangeClosed(1, 3 + random.nextInt(5)).mapToObj(i -> "n" + i).toList();
    List<Led> shards = new ArrayList<>();
    for (int shard = 0; shard < 16; shard++) {
      List<String> members = Placement.initial(nodes, shard, 3);
      shards.add(new Led(shard, members.get(random.nextInt(3)), Set.copyOf(members)));
    }

    int steps = spread(shards, nodes);

    assertThat(steps).isLessThan(32);
    Map<String, Integer> counts = new HashMap<>();
    shards.forEach(led -> counts.merge(led.leader(), 1, Integer::sum));
    for (String one : nodes) {
      for (String other : nodes) {
        assertThat(counts.getOrDefault(one, 0) - counts.getOrDefault(other, 0)).isLessThan(2);
      }
    }
  }

  @Test
  void nodeThatIsNotToLead_getsNothing() {
    List<Led> shards = new ArrayList<>();
    for (int shard = 0; shard < 4; shard++) {
      shards.add(new Led(shard, "n1", Set.of("n1", "n2", "n3")));
    }

    spread(shards, List.of("n1", "n2"));

    assertThat(shards).extracting(Led::leader).containsOnly("n1", "n2");
    assertThat(shards.stream().filter(led -> led.leader().equals("n1"))).hasSize(2);
  }

  @Test
  void whereNoReplicaIsShared_oneBetweenHandsOn() {
    List<Led> shards = new ArrayList<>();
    shards.add(new Led(0, "n1", Set.of("n1", "n2")));
    shards.add(new Led(1, "n1", Set.of("n1", "n2")));
    shards.add(new Led(2, "n2", Set.of("n2", "n3")));

    assertThat(LeaderSpread.next(shards, List.of("n1", "n2", "n3")))
        .contains(new Handover(0, "n2"));
    assertThat(spread(shards, List.of("n1", "n2", "n3"))).isEqualTo(2);
    assertThat(shards).extracting(Led::leader).containsExactly("n2", "n1", "n3");
  }

  @Test
  void nobody_isNoReasonToFail() {
    assertThat(LeaderSpread.next(List.of(new Led(0, "n1", Set.of("n1"))), List.of())).isEmpty();
  }

  private static int spread(List<Led> shards, List<String> nodes) {
    for (int steps = 0; ; steps++) {
      Optional<Handover> next = LeaderSpread.next(shards, nodes);
      if (next.isEmpty() || steps > 100) {
        return steps;
      }
      Led before = Objects.requireNonNull(shards.get(next.get().shard()));
      assertThat(before.members()).contains(next.get().to());
      shards.set(before.shard(), new Led(before.shard(), next.get().to(), before.members()));
    }
  }
}
