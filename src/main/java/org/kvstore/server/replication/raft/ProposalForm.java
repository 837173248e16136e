package org.kvstore.server.replication.raft;

import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.BiFunction;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.thirdparty.com.google.protobuf.ByteString;
import org.apache.ratis.util.JavaUtils;
import org.kvstore.server.store.GroupResult;
import org.kvstore.server.store.LogForm;

/**
 * The form in which a leader is asked to propose a group, and of its answer: the group's shard and
 * the group, and what became of it, or nothing when it was certainly not proposed.
 */
final class ProposalForm {
  private static final byte[] REFUSED = {};
  private static final int ID_BYTES = 16;

  private ProposalForm() {}

  static byte[] question(RaftGroupId shard, byte[] group) {
    ByteString id = shard.toByteString();
    return ByteBuffer.allocate(id.size() + group.length)
        .put(id.asReadOnlyByteBuffer())
        .put(group)
        .array();
  }

  /** Has a question answered by whoever proposes. */
  static CompletionStage<byte[]> answer(
      byte[] question, BiFunction<RaftGroupId, byte[], CompletableFuture<GroupResult>> proposer) {
    ByteBuffer rest = ByteBuffer.wrap(question);
    RaftGroupId shard = RaftGroupId.valueOf(ByteString.copyFrom(rest, ID_BYTES));
    byte[] group = new byte[rest.remaining()];
    rest.get(group);
    return proposer
        .apply(shard, group)
        .handle(
            (result, failure) -> {
              if (failure == null) {
                return LogForm.of(result);
              }
              if (JavaUtils.unwrapCompletionException(failure) instanceof NotLeadingException) {
                return REFUSED;
              }
              throw new CompletionException(failure);
            });
  }

  /** What an answer says: it fails with {@link NotLeadingException} when nothing was proposed. */
  static CompletableFuture<GroupResult> result(byte[] answer) {
    return answer.length == 0
        ? CompletableFuture.failedFuture(new NotLeadingException())
        : CompletableFuture.completedFuture(LogForm.result(answer));
  }
}
