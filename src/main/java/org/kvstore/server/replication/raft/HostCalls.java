package org.kvstore.server.replication.raft;

import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.function.IntPredicate;

/** Has nodes come to have replicas of data shards. */
final class HostCalls {
  private static final long ANSWER_MILLIS = 1_000;

  private final PeerCalls calls;
  private final String self;
  private final int shards;
  private final IntPredicate want;

  /**
   * @param shards how many data shards there are
   * @param want has this node come to have a replica of one; whether it runs already
   */
  HostCalls(PeerCalls calls, String self, int shards, IntPredicate want) {
    this.calls = calls;
    this.self = self;
    this.shards = shards;
    this.want = want;
  }

  /**
   * Has a node come to have a replica of a shard.
   *
   * @return whether it runs already; fails when the node does not answer
   */
  CompletableFuture<Boolean> ask(Member member, int shard) {
    byte[] question = ByteBuffer.allocate(Integer.BYTES).putInt(shard).array();
    CompletableFuture<byte[]> answer =
        member.id().equals(self)
            ? CompletableFuture.completedFuture(answer(question))
            : calls.ask(member.peer(), PeerCalls.HOST, question, ANSWER_MILLIS);
    return answer.thenApply(its -> its.length == 1 && its[0] == 1);
  }

  /** Another node wants this one to have a replica: whether it runs already. */
  byte[] answer(byte[] question) {
    int shard = question.length == Integer.BYTES ? ByteBuffer.wrap(question).getInt() : -1;
    boolean runs = shard >= 0 && shard < shards && want.test(shard);
    return new byte[] {(byte) (runs ? 1 : 0)};
  }
}
