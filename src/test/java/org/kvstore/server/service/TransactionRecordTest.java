package org.kvstore.server.service;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Condition;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.Outcome.Transacted;

/** What is on record of a transaction: what it wrote, and no more. */
class TransactionRecordTest {
  @Test
  void record_hasWhatWasWritten_andNotTheOtherBranch() {
    TransactionService.Request request =
        new TransactionService.Request(
            List.of(),
            List.of(put("a b"), new OperationRequest.Get(Key.of("read")), delete("c\"d")),
            List.of(put("other")));

    assertThat(TransactionRecord.of(request, done(true)))
        .isEqualTo("[{\"op\":\"put\",\"key\":\"a b\"},{\"op\":\"delete\",\"key\":\"c\\\"d\"}]");
    assertThat(TransactionRecord.of(request, done(false)))
        .isEqualTo("[{\"op\":\"put\",\"key\":\"other\"}]");
  }

  @Test
  void record_ofOneThatFailed_saysWhatEachBranchWouldHaveWritten() {
    TransactionService.Request request =
        new TransactionService.Request(List.of(), List.of(put("a")), List.of(delete("b")));

    assertThat(TransactionRecord.of(request, null))
        .isEqualTo(
            "[{\"op\":\"put\",\"key\":\"a\",\"branch\":\"then\"},"
                + "{\"op\":\"delete\",\"key\":\"b\",\"branch\":\"else\"}]");
  }

  @Test
  void record_isBounded_andCountsTheRest() {
    List<OperationRequest> many =
        Collections.nCopies(TransactionRecord.MOST - 1, (OperationRequest) put("a"));
    TransactionService.Request request = new TransactionService.Request(List.of(), many, many);

    assertThat(TransactionRecord.of(request, done(true))).doesNotContain("more");
    assertThat(TransactionRecord.of(request, null))
        .endsWith(",{\"more\":" + (TransactionRecord.MOST - 2) + "}]");
  }

  private static Transacted done(boolean succeeded) {
    return new Transacted(succeeded, 1, List.of());
  }

  private static WriteRequest.Put put(String key) {
    return new WriteRequest.Put(
        Key.of(key),
        Bytes.ofUtf8("secret"),
        "text/plain",
        new Life.Forever(),
        Condition.NONE,
        null);
  }

  private static WriteRequest.Delete delete(String key) {
    return new WriteRequest.Delete(Key.of(key), Condition.NONE, null);
  }
}
