package org.kvstore.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigDecimal;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.kvstore.api.ErrorCode;
import org.kvstore.client.BatchOperation;
import org.kvstore.client.BatchResult;
import org.kvstore.client.Change;
import org.kvstore.client.Entry;
import org.kvstore.client.HistoryPage;
import org.kvstore.client.KeyNotFoundException;
import org.kvstore.client.KeyRange;
import org.kvstore.client.KeyValueClient;
import org.kvstore.client.KeyValueException;
import org.kvstore.client.Lease;
import org.kvstore.client.OperationResult;
import org.kvstore.client.PatchOptions;
import org.kvstore.client.PreconditionFailedException;
import org.kvstore.client.PutOptions;
import org.kvstore.client.Relation;
import org.kvstore.client.TransactionResult;
import org.kvstore.client.Value;
import org.kvstore.client.Written;
import org.kvstore.it.support.Bulk;
import org.kvstore.it.support.Deployed;

/** The typed client's calls of more than one step, or more than one key, on the real service. */
class ClientFeaturesIT extends Deployed {
  private static final int WRITERS = 4;
  private static final int UPDATES = 50;
  private static final int OPERATIONS = 5_000;
  private static final int MOST_AHEAD = 1_000;
  private static final int VERSIONS = 250;

  private final KeyValueClient client = service.client();
  private final String prefix = prefix();
  private final String key = prefix + "k\u00E9y";

  @AfterEach
  void close() {
    client.close();
  }

  @Test
  void updates_ofManyWriters_areAllCounted() throws Exception {
    Bulk.race(
        WRITERS,
        () -> {
          for (int i = 0; i < UPDATES; i++) {
            client.update(key, read -> Value.of("" + (1 + read.map(this::number).orElse(0))));
          }
          return null;
        });
    assertThat(client.get(key).map(this::number)).contains(WRITERS * UPDATES);
  }

  @Test
  void increments_areExact_andOfNumbersOnly() {
    assertThat(client.increment(key, 5).text()).isEqualTo("5");
    assertThat(client.increment(key, new BigDecimal("-0.10")).text()).isEqualTo("4.90");
    assertThat(client.get(key).orElseThrow().version()).isEqualTo(2);
    client.put(key, "five");
    assertThatThrownBy(() -> client.increment(key, 1))
        .isInstanceOfSatisfying(
            KeyValueException.class,
            refused -> assertThat(refused.code()).contains(ErrorCode.PATCH_FAILED));
  }

  @Test
  void patches_changeJson_onTheirCondition() {
    client.put(key, "{\"a\":[1]}", PutOptions.none().withContentType("application/json"));
    Entry patched = client.patch(key, "[{\"op\":\"add\",\"path\":\"/a/-\",\"value\":2}]");
    assertThat(patched.text()).isEqualTo("{\"a\":[1,2]}");
    assertThat(patched.contentType()).isEqualTo("application/json");
    Entry merged = client.merge(key, "{\"a\":null,\"b\":true}");
    assertThat(merged.text()).isEqualTo("{\"b\":true}");
    assertThat(merged).isEqualTo(client.get(key).orElseThrow());
    PatchOptions late = PatchOptions.mergePatch().withIfMatch(patched.etag());
    assertThatThrownBy(() -> client.patch(key, "{}", late))
        .isInstanceOf(PreconditionFailedException.class);
    assertThatThrownBy(() -> client.merge(prefix + "missing", "{}"))
        .isInstanceOf(KeyNotFoundException.class);
  }

  @Test
  void transaction_takesOneBranch_andTellsEachResult() {
    client.put(key, "1");
    Entry read = client.get(key).orElseThrow();
    TransactionResult first = commit(read);
    assertThat(first.succeeded()).isTrue();
    Entry written = client.get(key).orElseThrow();
    assertThat(written.modRevision()).isEqualTo(first.revision());
    assertThat(first.results())
        .containsExactly(
            new OperationResult.Put(new Written(false, written.etag())),
            new OperationResult.Delete(false),
            new OperationResult.Get(Optional.of(written)),
            new OperationResult.Listed(List.of(written), false));

    TransactionResult second = commit(read);
    assertThat(second.succeeded()).isFalse();
    assertThat(second.results()).containsExactly(new OperationResult.Get(Optional.of(written)));
    assertThat(client.get(key)).contains(written);
  }

  private TransactionResult commit(Entry read) {
    return client
        .transaction()
        .ifUnchanged(read)
        .ifValue(key, Relation.EQUAL, Value.of("1"))
        .ifMissing(prefix + "none")
        .ifExists(key)
        .then(ops -> ops.put(key, "2").delete(prefix + "none").get(key).list(prefix, 10))
        .otherwise(ops -> ops.get(key))
        .commit();
  }

  @Test
  void lease_keepsItsKeys_untilItIsRevoked() {
    Lease lease = client.leases().grant(Duration.ofMinutes(1));
    client.put(key, "x", PutOptions.onLease(lease.id()));
    assertThat(client.get(key).orElseThrow().lease()).isEqualTo(lease.id());
    Lease renewed = client.leases().renew(lease.id()).orElseThrow();
    assertThat(renewed.expiresAt()).isAfterOrEqualTo(lease.expiresAt());
    assertThat(client.leases().find(lease.id()))
        .contains(new Lease(lease.id(), lease.ttl(), renewed.expiresAt(), List.of(key)));
    assertThat(client.leases().revoke(lease.id())).isTrue();
    assertThat(client.leases().revoke(lease.id())).isFalse();
    assertThat(client.leases().renew(lease.id())).isEmpty();
    assertThat(client.get(key)).isEmpty();
    assertThat(client.history(key).map(Change::reason))
        .containsExactly(Change.Reason.LEASE, Change.Reason.CLIENT);
  }

  @Test
  void batch_isDoneWhileItsResultsAreUsed() {
    AtomicInteger asked = new AtomicInteger();
    Stream<BatchOperation> operations =
        IntStream.range(0, OPERATIONS)
            .mapToObj(this::operation)
            .peek(operation -> asked.incrementAndGet());
    AtomicInteger used = new AtomicInteger();
    Set<Integer> statuses = new HashSet<>();
    try (Stream<BatchResult> results = client.batch(operations)) {
      results.forEach(
          result -> {
            int number = used.getAndIncrement();
            assertThat(asked.get() - number).isLessThanOrEqualTo(MOST_AHEAD);
            assertThat(result.operation()).isEqualTo(operation(number));
            assertThat(result.status()).as("%s", result).isEqualTo(status(number));
            statuses.add(result.status());
          });
    }
    assertThat(used).hasValue(OPERATIONS);
    assertThat(statuses).containsExactlyInAnyOrder(201, 200, 412, 204, 404);
    assertThat(client.count(KeyRange.prefix(prefix))).isZero();
  }

  /** Each key is created, read, created in vain, deleted, and read in vain. */
  private BatchOperation operation(int number) {
    String of = prefix + number / 5;
    return switch (number % 5) {
      case 0, 2 -> BatchOperation.put(of, Value.of("v" + number), PutOptions.ifAbsent());
      case 3 -> BatchOperation.delete(of);
      default -> BatchOperation.get(of);
    };
  }

  private static int status(int number) {
    return List.of(201, 200, 412, 204, 404).get(number % 5);
  }

  @Test
  void history_isReadPageByPage() {
    List<BatchOperation.Put> puts =
        IntStream.rangeClosed(1, VERSIONS).mapToObj(i -> BatchOperation.put(key, "v" + i)).toList();
    client.batch(puts.stream()).forEach(BatchResult::orThrow);
    client.delete(key);

    HistoryPage page = client.history(key, 2, null);
    assertThat(page.versions())
        .extracting(Change::type)
        .containsExactly(Change.Type.DELETE, Change.Type.PUT);
    HistoryPage next = client.history(key, 2, page.cursor());
    assertThat(next.versions())
        .extracting(change -> change.entry().text())
        .containsExactly("v" + (VERSIONS - 1), "v" + (VERSIONS - 2));
    assertThat(client.history(key).skip(1).map(change -> change.entry().text()))
        .containsExactlyElementsOf(
            IntStream.iterate(VERSIONS, i -> i > 0, i -> i - 1).mapToObj(i -> "v" + i).toList());
    assertThat(client.history(prefix + "never")).isEmpty();
  }

  private int number(Entry entry) {
    return Integer.parseInt(entry.text());
  }
}
