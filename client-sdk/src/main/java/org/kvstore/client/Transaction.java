package org.kvstore.client;

import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ComparisonDocument;
import org.kvstore.api.EntryDocument;
import org.kvstore.api.TransactionDocument;

/**
 * A transaction under construction: comparisons, and what to do when all of them hold or else. It
 * is atomic and isolated, and its writes share one revision.
 *
 * <pre>{@code
 * client.transaction()
 *     .ifVersion("a", Relation.EQUAL, 3)
 *     .ifMissing("b")
 *     .then(ops -> ops.put("a", "x").get("c"))
 *     .otherwise(ops -> ops.get("a"))
 *     .commit();
 * }</pre>
 *
 * <p>A key that does not exist compares as version and revisions 0. Not for use by several threads.
 */
public final class Transaction {
  private final Requests requests;
  private final List<ComparisonDocument> comparisons = new ArrayList<>();
  private final TransactionOperations then = new TransactionOperations();
  private final TransactionOperations otherwise = new TransactionOperations();
  private @Nullable String idempotencyKey;

  Transaction(Requests requests) {
    this.requests = requests;
  }

  /** Compares the number of writes since the entry was created. */
  public Transaction ifVersion(String key, Relation relation, long version) {
    return compare(key, "version", relation, version);
  }

  /** Compares the revision of the write that created the entry. */
  public Transaction ifCreateRevision(String key, Relation relation, long revision) {
    return compare(key, "createRevision", relation, revision);
  }

  /** Compares the revision of the newest write. */
  public Transaction ifModRevision(String key, Relation relation, long revision) {
    return compare(key, "modRevision", relation, revision);
  }

  /** Compares the value, by its unsigned bytes. */
  public Transaction ifValue(String key, Relation relation, Value value) {
    byte[] bytes = value.shared();
    String text = EntryDocument.textOrNull(bytes);
    String encoded = text == null ? Base64.getEncoder().encodeToString(bytes) : null;
    return add(new ComparisonDocument(Keys.valid(key), "value", relation.symbol(), text, encoded));
  }

  /** Compares the lease that the entry hangs on, by its id. */
  public Transaction ifLease(String key, Relation relation, String id) {
    return add(new ComparisonDocument(Keys.valid(key), "lease", relation.symbol(), id, null));
  }

  /** Demands that the key does not exist. */
  public Transaction ifMissing(String key) {
    return ifVersion(key, Relation.EQUAL, 0);
  }

  /** Demands that the key exists. */
  public Transaction ifExists(String key) {
    return ifVersion(key, Relation.GREATER, 0);
  }

  /** Demands that nobody has written an entry since it was read. */
  public Transaction ifUnchanged(Entry read) {
    return ifModRevision(read.key(), Relation.EQUAL, read.modRevision());
  }

  /** Adds what to do when all comparisons hold, or when there is none. */
  public Transaction then(Consumer<TransactionOperations> operations) {
    operations.accept(then);
    return this;
  }

  /** Adds what to do when a comparison does not hold. */
  public Transaction otherwise(Consumer<TransactionOperations> operations) {
    operations.accept(otherwise);
    return this;
  }

  /** Names it: a repeat within 10 minutes is answered and not applied again. */
  public Transaction withIdempotencyKey(String name) {
    idempotencyKey = name;
    return this;
  }

  /**
   * Commits it. When this returns, its writes are durable.
   *
   * @throws KeyValueException TXN_INVALID or CROSS_SHARD when it cannot be one transaction
   */
  public TransactionResult commit() {
    TransactionDocument document =
        new TransactionDocument(List.copyOf(comparisons), then.documents(), otherwise.documents());
    var done = requests.write(idempotencyKey, (api, name) -> api.transact(document, name));
    return TransactionResult.of(done, done.succeeded() ? document.then() : document.otherwise());
  }

  private Transaction compare(String key, String target, Relation relation, long number) {
    return add(
        new ComparisonDocument(
            Keys.valid(key), target, relation.symbol(), Long.toString(number), null));
  }

  private Transaction add(ComparisonDocument comparison) {
    comparisons.add(comparison);
    return this;
  }
}
