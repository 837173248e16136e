package org.kvstore.server.replication.raft;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.RaftPeer;
import org.kvstore.server.store.GroupResult;

/** Has whichever node leads a shard propose groups for it, see {@link Proposals}. */
final class ProposalCalls {
  private final PeerCalls calls;
  private final String self;
  private final Replicas replicas;

  ProposalCalls(PeerCalls calls, String self, Replicas replicas) {
    this.calls = calls;
    this.self = self;
    this.replicas = replicas;
  }

  /** The id of this node, which sends the groups. */
  String self() {
    return self;
  }

  /**
   * Has a node, which should lead the shard, propose a group; as {@link Proposals#propose}.
   *
   * @param millis how long an answer is waited for
   */
  CompletableFuture<GroupResult> propose(
      RaftPeer at, RaftGroupId group, byte[] bytes, long millis) {
    return at.getId().toString().equals(self)
        ? proposeHere(group, bytes)
        : calls
            .ask(at, PeerCalls.PROPOSE, ProposalForm.question(group, bytes), millis)
            .thenCompose(ProposalForm::result);
  }

  private CompletableFuture<GroupResult> proposeHere(RaftGroupId group, byte[] bytes) {
    ShardReplica replica = replicas.of(group);
    return replica == null
        ? CompletableFuture.failedFuture(new NotLeadingException())
        : replica.proposals().propose(bytes);
  }

  /** Answers another node. */
  CompletionStage<byte[]> answer(byte[] question) {
    return ProposalForm.answer(question, this::proposeHere);
  }
}
