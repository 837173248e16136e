package org.kvstore.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.kvstore.api.ErrorCode;

/** Transactions: what is sent, and what comes back. */
class TransactionTest {
  private final FakeServer server = new FakeServer();
  private final KeyValueClient kv = KeyValueClient.connect(server.uri().toString());

  @AfterEach
  void close() {
    kv.close();
    server.close();
  }

  @Test
  void commit_sendsTheDocumentOfTheContract() {
    server.answerNext(
        200, "application/json", "{\"succeeded\":true,\"revision\":1,\"results\":[]}");
    Entry read = new Entry("e", Value.of(""), new Metadata("text/plain", 1, 9, 1, null, null));
    kv.transaction()
        .ifVersion("a", Relation.EQUAL, 3)
        .ifMissing("b")
        .ifExists("c")
        .ifValue("d", Relation.NOT_EQUAL, Value.of("x"))
        .ifValue("d", Relation.LESS, Value.of(new byte[] {(byte) 0xff}))
        .ifUnchanged(read)
        .ifLease("f", Relation.EQUAL, "7")
        .commit();
    assertThat(server.bodies())
        .last()
        .asString()
        .contains(
            "{\"key\":\"a\",\"op\":\"=\",\"target\":\"version\",\"value\":\"3\"}",
            "{\"key\":\"b\",\"op\":\"=\",\"target\":\"version\",\"value\":\"0\"}",
            "{\"key\":\"c\",\"op\":\">\",\"target\":\"version\",\"value\":\"0\"}",
            "{\"key\":\"d\",\"op\":\"!=\",\"target\":\"value\",\"value\":\"x\"}",
            "{\"key\":\"d\",\"op\":\"<\",\"target\":\"value\",\"valueBase64\":\"/w==\"}",
            "{\"key\":\"e\",\"op\":\"=\",\"target\":\"modRevision\",\"value\":\"9\"}",
            "{\"key\":\"f\",\"op\":\"=\",\"target\":\"lease\",\"value\":\"7\"}",
            "\"then\":[]",
            "\"else\":[]");
    assertThat(server.requests()).containsExactly("POST /v1/txn");
  }

  @Test
  void commit_comparisonsHold_firstBranchIsDone() {
    kv.put("a", "1");
    kv.put("c/1", "x");
    kv.put("c/2", "y");

    TransactionResult result =
        kv.transaction()
            .ifVersion("a", Relation.EQUAL, 1)
            .ifMissing("b")
            .then(ops -> ops.put("a", "2").put("b", Value.of("3"), PutOptions.none()))
            .then(ops -> ops.get("a").get("nope").delete("c/2").delete("nope").list("c/", 10))
            .otherwise(ops -> ops.delete("a"))
            .commit();

    assertThat(result.succeeded()).isTrue();
    assertThat(result.revision()).isPositive();
    assertThat(result.results()).hasSize(7);
    assertThat(result.results().get(0))
        .isEqualTo(new OperationResult.Put(new Written(false, "\"4\"")));
    assertThat(result.results().get(1))
        .isEqualTo(new OperationResult.Put(new Written(true, "\"5\"")));
    OperationResult.Get read = (OperationResult.Get) result.results().get(2);
    assertThat(read.entry().map(Entry::text)).contains("2");
    assertThat(result.results().subList(3, 6))
        .containsExactly(
            new OperationResult.Get(Optional.empty()),
            new OperationResult.Delete(true),
            new OperationResult.Delete(false));
    OperationResult.Listed listed = (OperationResult.Listed) result.results().get(6);
    assertThat(listed.entries()).extracting(Entry::key).containsExactly("c/1");
    assertThat(listed.more()).isFalse();
  }

  @Test
  void commit_aComparisonDoesNotHold_otherBranchIsDone() {
    kv.put("b", "here");
    TransactionResult result =
        kv.transaction()
            .ifMissing("b")
            .then(ops -> ops.put("b", "new"))
            .otherwise(ops -> ops.get("b"))
            .commit();
    assertThat(result.succeeded()).isFalse();
    assertThat(result.results()).singleElement().isInstanceOf(OperationResult.Get.class);
    assertThat(kv.get("b").map(Entry::text)).contains("here");
  }

  @Test
  void commit_refused_keepsItsCode() {
    server.failNext(ErrorCode.CROSS_SHARD);
    Transaction transaction = kv.transaction().then(ops -> ops.put("a", "x"));
    assertThatThrownBy(transaction::commit)
        .isInstanceOfSatisfying(
            KeyValueException.class,
            failure -> assertThat(failure.code()).contains(ErrorCode.CROSS_SHARD));
  }

  @Test
  void commit_resultsAreMissing_isNotTheService() {
    server.answerNext(
        200, "application/json", "{\"succeeded\":true,\"revision\":1,\"results\":[]}");
    Transaction transaction = kv.transaction().then(ops -> ops.put("a", "x"));
    assertThatThrownBy(transaction::commit).hasMessageContaining("1 operations have 0 results");
  }

  @Test
  void invalidKey_isRefusedAtOnce() {
    assertThatThrownBy(() -> kv.transaction().ifMissing("a//b"))
        .isInstanceOf(InvalidRequestException.class);
    assertThatThrownBy(() -> kv.transaction().then(ops -> ops.get("/")))
        .isInstanceOf(InvalidRequestException.class);
  }
}
