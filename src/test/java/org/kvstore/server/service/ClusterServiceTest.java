package org.kvstore.server.service;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.kvstore.api.ClusterDocument;
import org.kvstore.server.replication.raft.ShardStatus;
import org.kvstore.server.replication.raft.ShardStatus.Replica;
import org.kvstore.server.replication.raft.ShardStatus.Role;

/** The document says what is known of a shard, in its own words. */
class ClusterServiceTest {
  private static final List<Replica> REPLICAS =
      List.of(
          new Replica("n1", "127.0.0.1:1", 0, -1),
          new Replica("n2", "127.0.0.1:2", 3, -1),
          new Replica("n3", "127.0.0.1:3", -1, -1));

  private static ClusterDocument.Shard described(
      Role role, long applied, long committed, String problem) {
    return ClusterService.shard(
        new ShardStatus(7, role, "n1", 2, applied, committed, true, REPLICAS, problem), "n2");
  }

  @Test
  void replicaHere_isAsItIs_andOthersAsTheLeaderSays() {
    ClusterDocument.Shard shard = described(Role.FOLLOWER, 8, 10, "");
    assertThat(shard.problem()).isNull();
    assertThat(shard.replicas())
        .containsExactly(
            new ClusterDocument.Replica("n1", "leader", 10L, 0L),
            new ClusterDocument.Replica("n2", "follower", 8L, 3L),
            new ClusterDocument.Replica("n3", "follower", null, null));
    assertThat(described(Role.CANDIDATE, 8, 10, "").replicas().get(1).role())
        .isEqualTo("candidate");
  }

  @Test
  void replicaThatTakesNoPart_orIsElsewhere_isAFollower_ofWhichNoIndexIsKnown() {
    for (Role role : List.of(Role.OUT, Role.ELSEWHERE)) {
      ClusterDocument.Shard shard = described(role, -1, 10, "It takes no part.");
      assertThat(shard.problem()).isEqualTo("It takes no part.");
      assertThat(shard.leader()).isEqualTo("n1");
      assertThat(shard.quorum()).isTrue();
      assertThat(shard.replicas().get(1))
          .isEqualTo(new ClusterDocument.Replica("n2", "follower", null, 3L));
    }
  }

  @Test
  void nothingCommittedThatIsKnown_isNoIndex() {
    assertThat(described(Role.ELSEWHERE, -1, -1, "").replicas())
        .allMatch(replica -> replica.appliedIndex() == null);
  }
}
