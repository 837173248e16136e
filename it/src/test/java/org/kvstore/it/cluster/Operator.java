package org.kvstore.it.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.function.Function;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.RawRequest;
import org.kvstore.it.support.Service;

/**
 * Who changes the members of a cluster, whatever happens to it meanwhile: each call may be
 * repeated, so it is sent to one member after the other until one answers that it is done.
 */
final class Operator {
  private static final String NODES = "/v1/admin/cluster/nodes";
  private static final Duration PATIENCE = Duration.ofMinutes(4);
  private static final Duration PAUSE = Duration.ofMillis(300);

  /** To add a node takes a minute at most. */
  private static final Duration ANSWER = Duration.ofSeconds(75);

  /** What may be otherwise a moment later. */
  private static final Set<Integer> AGAIN = Set.of(412, 429, 503, 504);

  private final Cluster cluster;
  private final Random random;

  Operator(Cluster cluster, Random random) {
    this.cluster = cluster;
    this.random = random;
  }

  /** Makes a node a member that runs and waits for that. */
  void add(Node node) {
    String body =
        "{\"id\":\"%s\",\"raftAddress\":\"%s\"}"
            .formatted(node.id(), cluster.network().name(node.number()));
    call(
        "add " + node.id(),
        Set.of(202),
        service -> service.post(NODES).header("Content-Type", "application/json").body(body));
    cluster.admit(node);
  }

  /** Begins to take a node out. */
  void remove(Node node) {
    cluster.dismiss(node);
    // An earlier call may have done it, whose answer was lost.
    call(
        "remove " + node.id(),
        Set.of(202, 404),
        service -> service.delete(NODES + "/" + node.id()));
  }

  /** Has a node lead nothing. */
  void drain(Node node) {
    String at = NODES + "/" + node.id() + "/drain";
    call("drain " + node.id(), Set.of(200), service -> service.put(at));
  }

  /** Lets a node lead again. */
  void undrain(Node node) {
    String at = NODES + "/" + node.id() + "/drain";
    call("undrain " + node.id(), Set.of(200), service -> service.delete(at));
  }

  /** Has leaders spread evenly. */
  void rebalance() {
    call("rebalance", Set.of(202), service -> service.post("/v1/admin/cluster/rebalance"));
  }

  /** Waits until all replicas are where they are to be. */
  void awaitSettled() {
    await("replicas are where they are to be")
        .atMost(PATIENCE)
        .pollInterval(PAUSE)
        .untilAsserted(() -> requireSettled(cluster.any(random)));
  }

  private void requireSettled(Node at) {
    Optional<ClusterStatus> answer = ClusterStatus.of(at);
    assertThat(answer).as("what %s says", at.id()).isPresent();
    ClusterStatus status = answer.orElseThrow();
    List<String> members = cluster.members().stream().map(Node::id).toList();
    assertThat(status.nodes()).as("%s", status).isEqualTo(members);
    assertThat(status.moves()).as("%s", status).isZero();
    for (int shard = 0; shard < cluster.shards(); shard++) {
      assertThat(status.replicas(shard))
          .as("%s", status)
          .hasSize(cluster.replicas())
          .isSubsetOf(members);
    }
    assertThat(status.replicas().get(cluster.shards())).as("%s", status).isEqualTo(members);
  }

  private void call(String what, Set<Integer> done, Function<Service, RawRequest> request) {
    await(what)
        .atMost(PATIENCE)
        .pollInterval(PAUSE)
        .untilAsserted(
            () -> {
              Node at = cluster.any(random);
              Optional<Answer> answer = Node.ask(at.service(), request.apply(at.service()), ANSWER);
              assertThat(answer).as("what %s answers to %s", at.id(), what).isPresent();
              int status = answer.orElseThrow().status();
              if (!done.contains(status) && !AGAIN.contains(status)) {
                throw new IllegalStateException("%s: %s".formatted(what, answer));
              }
              assertThat(status).as("%s: %s", what, answer).isIn(done);
            });
  }
}
