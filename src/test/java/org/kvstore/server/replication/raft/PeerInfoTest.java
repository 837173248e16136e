package org.kvstore.server.replication.raft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.UncheckedIOException;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.kvstore.server.model.KeyValueException;

class PeerInfoTest {
  private static final Member ONE = new Member("n1", "host1:1");
  private static final Member TWO = new Member("n2", "host2:2");
  private static final Member GONE = new Member("n3", "host3:3");

  @Test
  void message_saysWhatWasSaid() {
    PeerInfo info =
        new PeerInfo(
            "c",
            16,
            3,
            List.of("00ff", "12ab"),
            "n1",
            "http://one",
            true,
            false,
            true,
            false,
            true,
            false,
            List.of(ONE, TWO),
            List.of(
                new ShardWord(0, 7, true, "n1", 40, List.of(ONE, GONE), 99, List.of(0, 7)),
                word(15, 0, false, null, -1, List.of())));

    assertThat(PeerInfo.of(info.toBytes())).isEqualTo(info);
  }

  @Test
  void message_ofAnotherFormat_orCut_isRefused() {
    assertThatThrownBy(() -> PeerInfo.of(new byte[] {1}))
        .isInstanceOf(KeyValueException.class)
        .hasMessageContaining("is of another release")
        .hasMessageContaining("format 1");
    assertThatThrownBy(() -> PeerInfo.of(new byte[] {3, 0}))
        .isInstanceOf(UncheckedIOException.class);
  }

  @Test
  void ofSeveralWords_theNewestLeaderCounts() {
    ShardWord old = word(0, 3, true, "n1", 10, List.of(ONE, TWO));
    ShardWord follower = word(0, 4, false, "n2", 30, List.of(ONE));
    ShardWord leader = word(0, 4, true, "n2", 20, List.of(TWO, GONE));

    assertThat(ShardWord.leader(List.of(old))).isEqualTo("n1");
    assertThat(ShardWord.leader(List.of(old, follower))).isEqualTo("n2");
    assertThat(ShardWord.members(List.of(old, follower, leader))).containsExactly(TWO, GONE);
    assertThat(ShardWord.members(List.of(follower))).containsExactly(ONE);
    assertThat(ShardWord.members(List.of())).isEmpty();
    assertThat(ShardWord.leader(List.of(word(0, 9, false, null, -1, List.of())))).isNull();
  }

  @Test
  void lagsByMember_areThoseThatAreKnown() {
    ShardWord word = new ShardWord(0, 7, true, "n1", 40, List.of(ONE, TWO), 99, List.of(0, -1));

    assertThat(word.lagsByMember()).isEqualTo(Map.of("n1", 0L));
  }

  private static ShardWord word(
      int shard,
      long term,
      boolean leads,
      @Nullable String leader,
      long configuration,
      List<Member> members) {
    return new ShardWord(
        shard,
        term,
        leads,
        leader,
        configuration,
        members,
        -1,
        Collections.nCopies(members.size(), -1));
  }
}
