package org.kvstore.server.replication.raft;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.apache.ratis.client.RaftClient;
import org.apache.ratis.protocol.GroupListReply;
import org.apache.ratis.protocol.RaftGroup;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.retry.RetryPolicies;
import org.apache.ratis.thirdparty.io.grpc.StatusRuntimeException;
import org.apache.ratis.util.JavaUtils;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.KeyValueException;

/** Asks other nodes who they are. Raft itself only never hears of a node of another cluster. */
final class PeerCheck {
  private static final int ANSWER_MILLIS = 1_000;

  private final ClusterOptions options;
  private final ShardGroups groups;
  private final Registry registry;
  private final Peers peers;

  PeerCheck(ClusterOptions options, ShardGroups groups, Registry registry, Peers peers) {
    this.options = options;
    this.groups = groups;
    this.registry = registry;
    this.peers = peers;
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
    Map<Member, CompletableFuture<PeerInfo>> asked = new LinkedHashMap<>();
    registry.membersOrTold().stream()
        .filter(member -> !member.id().equals(options.self()))
        .forEach(member -> asked.put(member, peers.ask(member)));
    List<String> problems = new ArrayList<>();
    asked.forEach(
        (member, answer) -> {
          Throwable failure = answer.handle((info, why) -> why).join();
          if (failure != null) {
            problems.add(
                "Node %s at %s %s.".formatted(member.id(), member.raftAddress(), problem(failure)));
          }
        });
    return problems;
  }

  private static String problem(Throwable failure) {
    String why = Peers.misfit(failure);
    Throwable cause = JavaUtils.unwrapCompletionException(failure);
    return why.isEmpty() ? "does not answer: " + cause.getMessage() + causeOf(cause) : why;
  }

  private Set<RaftGroupId> groups(Member member) throws IOException {
    RaftGroup alone = RaftGroup.valueOf(groups.id(0), member.peer());
    try (RaftClient client =
        RaftSettings.client(options, alone, ANSWER_MILLIS)
            .setRetryPolicy(RetryPolicies.noRetry())
            .build()) {
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
