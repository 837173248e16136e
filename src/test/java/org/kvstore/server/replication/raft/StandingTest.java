package org.kvstore.server.replication.raft;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.junit.jupiter.api.Test;

/** What a replica says of itself comes over whole, and says what a majority is. */
class StandingTest {

  @Test
  void message_saysTheSame() {
    Standing standing = new Standing(7, true, 123_456, List.of(peers("a", "b", "c"), peers("a")));
    assertThat(Standing.of(standing.toBytes())).isEqualTo(standing);
    assertThat(Standing.of(standing.toBytes()).allVoters().iterator().next().getAddress())
        .isEqualTo("a:1");
  }

  @Test
  void majority_isMoreThanHalf() {
    Standing three = new Standing(1, true, 0, List.of(peers("a", "b", "c")));
    assertThat(three.isMajority(ids("a"))).isFalse();
    assertThat(three.isMajority(ids("a", "x", "y"))).isFalse();
    assertThat(three.isMajority(ids("a", "c"))).isTrue();
    Standing four = new Standing(1, true, 0, List.of(peers("a", "b", "c", "d")));
    assertThat(four.isMajority(ids("a", "b"))).isFalse();
  }

  @Test
  void majority_whileMembersChange_isOneOfEachSet() {
    Standing changing =
        new Standing(1, true, 0, List.of(peers("c", "d", "e"), peers("a", "b", "c")));
    assertThat(changing.isMajority(ids("c", "d"))).isFalse();
    assertThat(changing.isMajority(ids("a", "c"))).isFalse();
    assertThat(changing.isMajority(ids("a", "c", "d"))).isTrue();
  }

  private static List<RaftPeer> peers(String... ids) {
    return Stream.of(ids).map(id -> new Member(id, id + ":1").peer()).toList();
  }

  private static Set<RaftPeerId> ids(String... ids) {
    return Stream.of(ids).map(RaftPeerId::valueOf).collect(Collectors.toSet());
  }
}
