package org.kvstore.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.kvstore.api.ClusterDocument;
import org.kvstore.api.ErrorCode;

/** Changes that depend on what is there: updates and patches; and leases, history, compaction. */
class ChangingTest {
  private final FakeServer server = new FakeServer();
  private final KeyValueClient kv = KeyValueClient.connect(server.uri().toString());

  @AfterEach
  void close() {
    kv.close();
    server.close();
  }

  private static Value plusOne(Optional<Entry> entry) {
    return Value.of(Integer.toString(1 + entry.map(e -> Integer.parseInt(e.text())).orElse(0)));
  }

  @Test
  void update_createsThenChanges_andKeepsTheMediaType() {
    assertThat(kv.update("n", ChangingTest::plusOne).created()).isTrue();
    kv.put("n", "1", PutOptions.none().withContentType("text/x"));
    assertThat(kv.update("n", ChangingTest::plusOne)).isEqualTo(new Written(false, "\"3\""));
    assertThat(kv.get("n").map(Entry::text)).contains("2");
    assertThat(kv.get("n").map(Entry::contentType)).contains("text/x");
  }

  @Test
  void update_manyWriters_noneIsLost() {
    List<CompletableFuture<Void>> writers = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      writers.add(
          CompletableFuture.runAsync(
              () -> {
                for (int j = 0; j < 25; j++) {
                  kv.update("n", ChangingTest::plusOne);
                }
              }));
    }
    writers.forEach(CompletableFuture::join);
    assertThat(kv.get("n").map(Entry::text)).contains("100");
  }

  @Test
  void update_otherCreatesInBetween_isTriedAgain() {
    AtomicInteger calls = new AtomicInteger();
    kv.update(
        "n",
        entry -> {
          if (calls.incrementAndGet() == 1) {
            kv.put("n", "41");
          }
          return plusOne(entry);
        });
    assertThat(calls).hasValue(2);
    assertThat(kv.get("n").map(Entry::text)).contains("42");
  }

  @Test
  void update_alwaysInConflict_givesUp() {
    AtomicInteger calls = new AtomicInteger();
    Duration moment = Duration.ofNanos(100);
    Update update = new Update(kv, new Backoff(moment, moment, new Random(1)));
    assertThatThrownBy(
            () ->
                update.run(
                    "n",
                    entry -> {
                      calls.incrementAndGet();
                      kv.put("n", "0");
                      return plusOne(entry);
                    }))
        .isInstanceOf(PreconditionFailedException.class);
    assertThat(calls).hasValue(Update.MAX_TRIES);
  }

  @Test
  void backoff_growsToItsLimit_andIsShortenedByAHalfAtMost() {
    Backoff backoff = new Backoff(Duration.ofMillis(4), Duration.ofMillis(50), new Random(1));
    for (int round = 0; round < 100; round++) {
      assertThat(backoff.after(1)).isBetween(Duration.ofMillis(2), Duration.ofMillis(4));
      assertThat(backoff.after(3)).isBetween(Duration.ofMillis(8), Duration.ofMillis(16));
      assertThat(backoff.after(5)).isBetween(Duration.ofMillis(25), Duration.ofMillis(50));
      assertThat(backoff.after(500)).isBetween(Duration.ofMillis(25), Duration.ofMillis(50));
    }
  }

  @Test
  void update_outcomeUnknown_isNotTriedAgain() {
    assertThatThrownBy(
            () ->
                kv.update(
                    "n",
                    entry -> {
                      server.failNext(ErrorCode.INDETERMINATE);
                      return plusOne(entry);
                    }))
        .isInstanceOf(IndeterminateException.class);
    assertThat(server.requests()).hasSize(2);
  }

  @Test
  void increment_addsAndReturnsTheEntry() {
    assertThat(kv.increment("n", 40).text()).isEqualTo("40");
    Entry sum = kv.increment("n", new BigDecimal("2.5"));
    assertThat(sum.text()).isEqualTo("42.5");
    assertThat(sum.etag()).isEqualTo("\"2\"");
    assertThat(sum.version()).isEqualTo(2);
    assertThat(kv.increment("n", -43).text()).isEqualTo("-0.5");
    assertThat(server.bodies()).containsExactly("{\"by\":40}", "{\"by\":2.5}", "{\"by\":-43}");
  }

  @Test
  void patches_areSentWithTheirTypes() {
    assertThat(kv.patch("a;b", "[]").contentType()).isEqualTo("application/json-patch+json");
    assertThat(kv.merge("a;b", "{\"é\":1}").contentType())
        .isEqualTo("application/merge-patch+json");
    assertThat(server.store().get("a;b").value()).asString().isEqualTo("{\"é\":1}");
    PatchOptions once = PatchOptions.increment().withIfMatch("2").withIdempotencyKey("once");
    assertThat(once)
        .isEqualTo(new PatchOptions("application/vnd.kvstore.increment+json", "\"2\"", "once"));
    server.failNext(ErrorCode.PATCH_FAILED);
    assertThatThrownBy(() -> kv.patch("a", "[]"))
        .isInstanceOfSatisfying(
            KeyValueException.class,
            failure -> assertThat(failure.code()).contains(ErrorCode.PATCH_FAILED));
  }

  @Test
  void leases_liveAndEnd() {
    Lease lease = kv.leases().grant(Duration.ofSeconds(30));
    assertThat(server.bodies()).last().isEqualTo("{\"ttl\":\"PT30S\"}");
    assertThat(lease.ttl()).isEqualTo(Duration.ofSeconds(30));
    assertThat(lease.expiresAt()).isEqualTo(Instant.parse("2030-01-01T00:00:00Z"));
    assertThat(lease.keys()).isEmpty();
    assertThat(kv.leases().renew(lease.id())).map(Lease::id).contains(lease.id());
    assertThat(kv.leases().find(lease.id()).orElseThrow().keys()).containsExactly("a", "b");
    assertThat(kv.leases().revoke(lease.id())).isTrue();
    assertThat(kv.leases().revoke(lease.id())).isFalse();
    assertThat(kv.leases().renew(lease.id())).isEmpty();
    assertThat(kv.leases().find(lease.id())).isEmpty();
    assertThatThrownBy(() -> kv.leases().find("")).isInstanceOf(InvalidRequestException.class);
  }

  @Test
  void put_onALease_namesIt() {
    kv.put("a", "x", PutOptions.onLease("7"));
    assertThat(server.requests()).last().isEqualTo("PUT /v1/kv/a?lease=7");
  }

  @Test
  void history_isReadPageByPage() {
    String version =
        "{\"type\":\"put\",\"entry\":{\"key\":\"k\",\"value\":\"v%d\",\"modRevision\":%d},"
            + "\"reason\":\"client\",\"time\":\"2030-01-01T00:00:00Z\"}";
    String page = "{\"versions\":[%s],\"cursor\":\"c+1\"}";
    server.answerNext(200, "application/json", page.formatted(version.formatted(2, 2)));
    server.answerNext(
        200, "application/json", "{\"versions\":[%s]}".formatted(version.formatted(1, 1)));
    assertThat(kv.history("a;b/v1/kv/c d").map(change -> change.entry().text()))
        .containsExactly("v2", "v1");
    assertThat(server.requests())
        .containsExactly(
            "GET /v1/history/a%3Bb/v1/kv/c%20d?limit=100",
            "GET /v1/history/a%3Bb/v1/kv/c%20d?limit=100&cursor=c%2B1");
  }

  @Test
  void compact_answersWhatIsLeft() {
    kv.put("a", "x");
    assertThat(kv.compact()).isEqualTo(1);
    assertThat(kv.compact(1)).isEqualTo(1);
    assertThat(server.requests())
        .endsWith("POST /v1/admin/compact", "POST /v1/admin/compact?revision=1");
  }

  @Test
  void changesOfNodes_areAskedFor_andAnswerTheCluster() {
    String cluster =
        "{\"clusterId\":\"c\",\"nodes\":[],\"shards\":[],"
            + "\"system\":{\"number\":0,\"term\":1,\"replicas\":[],\"quorum\":true},"
            + "\"moves\":[{\"shard\":0,\"add\":[\"n4\"],\"remove\":[]}]}";
    for (int i = 0; i < 5; i++) {
      server.answerNext(i == 2 || i == 3 ? 200 : 202, "application/json", cluster);
    }
    assertThat(kv.addNode("n4", "host4:9084").moves())
        .containsExactly(new ClusterDocument.Move(0, List.of("n4"), List.of()));
    assertThat(kv.removeNode("n4").clusterId()).isEqualTo("c");
    assertThat(kv.drainNode("n4").clusterId()).isEqualTo("c");
    assertThat(kv.undrainNode("n4").clusterId()).isEqualTo("c");
    assertThat(kv.rebalance().clusterId()).isEqualTo("c");
    assertThat(server.requests())
        .containsExactly(
            "POST /v1/admin/cluster/nodes",
            "DELETE /v1/admin/cluster/nodes/n4",
            "PUT /v1/admin/cluster/nodes/n4/drain",
            "DELETE /v1/admin/cluster/nodes/n4/drain",
            "POST /v1/admin/cluster/rebalance");
    assertThat(server.bodies().get(0)).isEqualTo("{\"id\":\"n4\",\"raftAddress\":\"host4:9084\"}");
  }

  @Test
  void changesOfNodes_withWhatIsNoId_areNotSent() {
    for (String id : List.of("", "..", "a/drain", "N4", "n".repeat(33))) {
      assertThatThrownBy(() -> kv.removeNode(id)).isInstanceOf(InvalidRequestException.class);
      assertThatThrownBy(() -> kv.addNode(id, "a:1")).isInstanceOf(InvalidRequestException.class);
    }
    assertThat(server.requests()).isEmpty();
  }
}
