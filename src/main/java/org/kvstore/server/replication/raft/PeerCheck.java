package org.kvstore.server.replication.raft;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.apache.ratis.client.RaftClient;
import org.apache.ratis.protocol.GroupListReply;
import org.apache.ratis.protocol.RaftGroup;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.retry.RetryPolicies;
import org.apache.ratis.thirdparty.io.grpc.StatusRuntimeException;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.KeyValueException;

/**
 * Asks other nodes which shards they have, which says whether they are of the same cluster. Raft
 * itself only never hears of such a node.
 */
final class PeerCheck {
  private static final int ANSWER_MILLIS = 1_000;

  /** Shards that are looked for beyond the own number. */
  private static final int MORE_SHARDS = 1_024;

  private final RaftNode node;
  private final ClusterOptions options;

  PeerCheck(RaftNode node, ClusterOptions options) {
    this.node = node;
    this.options = options;
  }

  /**
   * Makes sure that nobody listens where this node is about to.
   *
   * @throws KeyValueException UNAVAILABLE when somebody does
   */
  void requireAlone() {
    try {
      groups(options.own());
    } catch (IOException nobody) {
      return;
    }
    throw KeyValueException.of(
        ErrorCode.UNAVAILABLE,
        ("Another process answers as node %s at %s. A node runs once: stop the other one, or give"
                + " this one an id and an address of its own in kv.cluster.node and"
                + " kv.cluster.members.")
            .formatted(options.self(), options.own().raftAddress()));
  }

  /** What is wrong with the other nodes, for people; empty when all answer and fit. */
  List<String> problems() {
    List<String> problems = new ArrayList<>();
    for (Member member : options.members()) {
      if (!member.id().equals(options.self())) {
        String problem = problem(member);
        if (!problem.isEmpty()) {
          problems.add("Node %s at %s %s.".formatted(member.id(), member.raftAddress(), problem));
        }
      }
    }
    return problems;
  }

  private String problem(Member member) {
    Set<RaftGroupId> groups;
    try {
      groups = groups(member);
    } catch (IOException e) {
      return "does not answer: " + e.getMessage();
    }
    if (IntStream.range(options.shards(), options.shards() + MORE_SHARDS)
        .anyMatch(shard -> groups.contains(node.groupId(shard)))) {
      return "has more shards than this one; kv.shards is to be the same on all";
    }
    boolean isOfOurs =
        IntStream.range(0, options.shards())
            .anyMatch(shard -> groups.contains(node.groupId(shard)));
    return groups.isEmpty() || isOfOurs
        ? ""
        : "is of another cluster; kv.cluster.id is to be the same on all";
  }

  private Set<RaftGroupId> groups(Member member) throws IOException {
    RaftGroup alone = RaftGroup.valueOf(node.groupId(0), member.peer());
    try (RaftClient client =
        node.newClient(alone, ANSWER_MILLIS).setRetryPolicy(RetryPolicies.noRetry()).build()) {
      GroupListReply reply = client.getGroupManagementApi(member.peer().getId()).list();
      return new HashSet<>(reply.getGroupIds());
    } catch (StatusRuntimeException e) {
      throw new IOException(e.getMessage() + causeOf(e), e);
    }
  }

  /** The innermost cause says what a person can use. */
  private static String causeOf(Throwable failure) {
    Throwable at = failure;
    while (at.getCause() != null) {
      at = at.getCause();
    }
    return at == failure ? "" : " (" + at.getMessage() + ")";
  }
}
