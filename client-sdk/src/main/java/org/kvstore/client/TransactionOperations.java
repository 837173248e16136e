package org.kvstore.client;

import java.util.ArrayList;
import java.util.List;
import org.kvstore.api.OperationDocument;

/** The operations of one branch of a {@link Transaction}, in order. A key is written once. */
public final class TransactionOperations {
  private final List<OperationDocument> operations = new ArrayList<>();

  TransactionOperations() {}

  /** Writes a text as {@code text/plain;charset=UTF-8}. Its result is a put. */
  public TransactionOperations put(String key, String text) {
    return add(BatchOperation.put(key, text));
  }

  /** Writes a value. Its result is a put. */
  public TransactionOperations put(String key, Value value, PutOptions options) {
    return add(BatchOperation.put(key, value, options));
  }

  /** Deletes a key, which need not exist. Its result is a delete. */
  public TransactionOperations delete(String key) {
    return add(BatchOperation.delete(key));
  }

  /** Reads an entry, which need not exist. Its result is a get. */
  public TransactionOperations get(String key) {
    return add(BatchOperation.get(key));
  }

  /** Reads the entries whose keys start with a prefix. Its result is a list. */
  public TransactionOperations list(String prefix, int limit) {
    return list(KeyRange.prefix(prefix), limit);
  }

  /** Reads the entries of a range, at most {@code limit}, 1..1000. Its result is a list. */
  public TransactionOperations list(KeyRange range, int limit) {
    operations.add(OperationDocuments.list(range, limit));
    return this;
  }

  List<OperationDocument> documents() {
    return List.copyOf(operations);
  }

  private TransactionOperations add(BatchOperation operation) {
    operations.add(OperationDocuments.of(operation));
    return this;
  }
}
