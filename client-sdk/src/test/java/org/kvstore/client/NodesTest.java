package org.kvstore.client;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.kvstore.api.ClusterDocument;

/** Which node is asked, as time passes and nodes fail. */
class NodesTest {
  private static final List<URI> SEEDS =
      List.of(URI.create("http://a"), URI.create("http://b"), URI.create("http://c"));
  private static final URI D = URI.create("http://d");

  private final AtomicLong now = new AtomicLong();
  private final Nodes nodes = nodes(new FakeCluster.InOrder());

  private Nodes nodes(Random random) {
    return new Nodes(
        SEEDS,
        uri -> {
          throw new AssertionError("no connection is needed");
        },
        random,
        now::get);
  }

  private void pass(Duration time) {
    now.addAndGet(time.toNanos());
  }

  private Node pick() {
    return nodes.pick(Set.of());
  }

  private void failFirst() {
    nodes.failed(nodes.inOrder().get(0), Duration.ZERO);
  }

  private String first() {
    return pick().uri().getHost();
  }

  @Test
  void pick_staysWithTheFirst() {
    assertThat(IntStream.range(0, 10).mapToObj(i -> first())).containsOnly("a");
  }

  @Test
  void order_differsBetweenClients() {
    assertThat(
            IntStream.range(0, 100)
                .mapToObj(seed -> nodes(new Random(seed)).pick(Set.of()).uri().getHost()))
        .contains("a", "b", "c");
  }

  @Test
  void failed_isLeft_andAskedAgainAfterItsRest() {
    failFirst();
    assertThat(first()).isEqualTo("b");
    pass(Nodes.LEAST_REST);
    assertThat(first()).isEqualTo("a");
  }

  @Test
  void failed_restOver_oneRequestFindsOut() {
    failFirst();
    pass(Nodes.LEAST_REST);
    Node probed = pick();
    assertThat(first()).isEqualTo("b");
    nodes.succeeded(probed);
    assertThat(first()).isEqualTo("a");
  }

  @Test
  void failedAgain_restsLonger_butNotForEver() {
    Node a = pick();
    for (int i = 0; i < 100; i++) {
      nodes.failed(a, Duration.ZERO);
      pass(Nodes.MOST_REST);
    }
    nodes.failed(a, Duration.ZERO);
    pass(Nodes.LEAST_REST.multipliedBy(2));
    assertThat(first()).isEqualTo("b");
    pass(Nodes.MOST_REST);
    assertThat(first()).isEqualTo("a");
  }

  @Test
  void requestsThatFailTogether_countAsOne() {
    Node a = pick();
    for (int i = 0; i < 100; i++) {
      nodes.failed(a, Duration.ZERO);
    }
    pass(Nodes.LEAST_REST);
    assertThat(pick()).isSameAs(a);
  }

  @Test
  void failed_restsAsLongAsItTookToFindOut() {
    Duration slow = Duration.ofSeconds(10);
    nodes.failed(pick(), slow);
    pass(slow.minusNanos(1));
    assertThat(first()).isEqualTo("b");
    pass(Duration.ofNanos(1));
    assertThat(first()).isEqualTo("a");
  }

  @Test
  void refused_restsAsLongAsItAsks_withinBounds() {
    nodes.refused(pick(), Duration.ofSeconds(5));
    pass(Duration.ofSeconds(4));
    assertThat(first()).isEqualTo("b");
    pass(Duration.ofSeconds(1));
    assertThat(first()).isEqualTo("a");
    nodes.refused(pick(), Duration.ofDays(1));
    pass(Nodes.MOST_REST);
    assertThat(first()).isEqualTo("a");
  }

  @Test
  void allRest_eachIsAskedInTurn() {
    for (int i = 0; i < 3; i++) {
      nodes.failed(pick(), Duration.ZERO);
    }
    assertThat(nodes.hasOther(Set.of())).isFalse();
    List<String> asked =
        IntStream.range(0, 12)
            .mapToObj(
                i -> {
                  Node node = pick();
                  nodes.failed(node, Duration.ZERO);
                  return node.uri().getHost();
                })
            .toList();
    assertThat(asked).contains("a", "b", "c");
  }

  @Test
  void replace_keepsPlacesAndStates_andTheSeedsAtTheEnd() {
    failFirst();
    nodes.replace(List.of(D, SEEDS.get(0), SEEDS.get(1)));
    assertThat(nodes.servers()).containsExactly(SEEDS.get(1), D, SEEDS.get(2), SEEDS.get(0));
    nodes.replace(List.of(SEEDS.get(1)));
    assertThat(nodes.servers()).doesNotContain(D).startsWith(SEEDS.get(1)).hasSize(3);
  }

  @Test
  void told_addressesThatCannotBeUsed_areLeftOut() {
    assertThat(Discovery.told(cluster("http://d", null, "ftp://e", "%"), SEEDS)).containsExactly(D);
  }

  @Test
  void told_bySecureServers_onlySecureOnesAreBelieved() {
    List<URI> secure = List.of(URI.create("https://a"));
    assertThat(Discovery.told(cluster("http://d", "https://e"), secure))
        .containsExactly(URI.create("https://e"));
  }

  private static ClusterDocument cluster(@Nullable String... urls) {
    ClusterDocument.Shard system = new ClusterDocument.Shard(0, null, 1, List.of(), false, null);
    List<ClusterDocument.Node> all =
        Arrays.stream(urls)
            .map(url -> new ClusterDocument.Node("n", url, "n:1", true, false, false, null))
            .toList();
    return new ClusterDocument("c", all, List.of(), system, List.of());
  }
}
