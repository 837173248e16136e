package org.kvstore.client.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.kvstore.api.ClusterDocument;
import org.kvstore.api.ClusterDocument.Move;
import org.kvstore.client.cli.NodeProgress.Goal;

class NodeProgressTest {
  private static final int SHARDS = 16;

  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final PrintStream out = new PrintStream(bytes, false, StandardCharsets.UTF_8);

  @Test
  void coming_isOver_whenItIsAMemberWithoutMoves() {
    NodeProgress progress = new NodeProgress("n4", Goal.COME, out);
    assertThat(progress.show(cluster(List.of("n1", "n4"), add(12)))).isFalse();
    assertThat(progress.show(cluster(List.of("n1", "n4"), add(12)))).isFalse();
    assertThat(progress.show(cluster(List.of("n1", "n4"), add(1)))).isFalse();
    assertThat(progress.show(cluster(List.of("n1", "n4"), List.of()))).isTrue();
    assertThat(lines()).containsExactly("n4: 5 of 17 shards", "n4: 16 of 17 shards", all("n4"));
  }

  @Test
  void coming_seenByWhoHasNotHeardOfIt_isNotOver_andNothingIsTakenBack() {
    NodeProgress progress = new NodeProgress("n4", Goal.COME, out);
    assertThat(progress.show(cluster(List.of("n1"), List.of()))).isFalse();
    assertThat(progress.show(cluster(List.of("n1", "n4"), add(3)))).isFalse();
    assertThat(progress.show(cluster(List.of("n1"), List.of()))).isFalse();
    assertThat(progress.show(cluster(List.of("n1", "n4"), add(17)))).isFalse();
    assertThat(lines()).containsExactly("n4: 0 of 17 shards", "n4: 14 of 17 shards");
    assertThat(progress).hasToString("n4: 14 of 17 shards");
  }

  @Test
  void going_isOver_whenItIsNoMemberAndNoMoveIsLeft() {
    NodeProgress progress = new NodeProgress("n3", Goal.GO, out);
    assertThat(progress.show(cluster(List.of("n1", "n3"), List.of()))).isFalse();
    assertThat(progress.show(cluster(List.of("n1", "n3"), remove(2)))).isFalse();
    assertThat(progress.show(cluster(List.of("n1"), remove(1)))).isFalse();
    assertThat(progress.show(cluster(List.of("n1"), List.of()))).isTrue();
    assertThat(lines())
        .containsExactly(
            "n3: 0 of 17 shards", "n3: 15 of 17 shards", "n3: 16 of 17 shards", all("n3"));
  }

  @Test
  void movesOfOthers_doNotCount() {
    assertThat(new NodeProgress("n1", Goal.COME, out).show(cluster(List.of("n1"), add(17))))
        .isTrue();
    assertThat(new NodeProgress("n2", Goal.GO, out).show(cluster(List.of("n1"), add(17)))).isTrue();
    assertThat(lines()).containsExactly(all("n1"), all("n2"));
  }

  @Test
  void isKnownTo_asAMember_orByWhatIsLeft() {
    NodeProgress progress = new NodeProgress("n3", Goal.GO, out);
    assertThat(progress.isKnownTo(cluster(List.of("n3"), List.of()))).isTrue();
    assertThat(progress.isKnownTo(cluster(List.of("n1"), remove(1)))).isTrue();
    assertThat(progress.isKnownTo(cluster(List.of("n1"), add(1)))).isFalse();
  }

  private static String all(String node) {
    return node + ": 17 of 17 shards";
  }

  /** What has been flushed: others are to see it at once. */
  private String[] lines() {
    return bytes.toString(StandardCharsets.UTF_8).lines().toArray(String[]::new);
  }

  private static List<Move> add(int shards) {
    return moves(shards, List.of("n4"), List.of());
  }

  private static List<Move> remove(int shards) {
    return moves(shards, List.of(), List.of("n3"));
  }

  private static List<Move> moves(int shards, List<String> add, List<String> remove) {
    return IntStream.range(0, shards).mapToObj(shard -> new Move(shard, add, remove)).toList();
  }

  private static ClusterDocument cluster(List<String> nodes, List<Move> moves) {
    ClusterDocument.Shard[] shards = new ClusterDocument.Shard[SHARDS + 1];
    Arrays.setAll(shards, i -> new ClusterDocument.Shard(i, null, 1, List.of(), true, null));
    return new ClusterDocument(
        "c",
        nodes.stream()
            .map(id -> new ClusterDocument.Node(id, null, id + ":1", true, false, false, null))
            .toList(),
        List.of(shards).subList(0, SHARDS),
        shards[SHARDS],
        moves);
  }
}
