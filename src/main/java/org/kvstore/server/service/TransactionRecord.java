package org.kvstore.server.service;

import jakarta.json.Json;
import jakarta.json.JsonArrayBuilder;
import jakarta.json.JsonObjectBuilder;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kvstore.server.model.Outcome.Transacted;

/**
 * What the audit log says of a transaction: a JSON array with an object {@code {op,key}} for each
 * put and delete of the branch that ran. Of one that failed, and may have run or not, both branches
 * are told, and of each operation in which it is.
 */
final class TransactionRecord {
  /** As many as one branch may have, so that all that was done is told. */
  static final int MOST = 128;

  private final JsonArrayBuilder operations = Json.createArrayBuilder();
  private int count;

  private TransactionRecord() {}

  /**
   * The record of a transaction.
   *
   * @param done what came of it; null when it failed
   */
  static String of(TransactionService.Request request, @Nullable Transacted done) {
    TransactionRecord record = new TransactionRecord();
    if (done == null) {
      record.add(request.then(), "then");
      record.add(request.otherwise(), "else");
    } else {
      record.add(done.succeeded() ? request.then() : request.otherwise(), null);
    }
    if (record.count > MOST) {
      record.operations.add(Json.createObjectBuilder().add("more", record.count - MOST));
    }
    return record.operations.build().toString();
  }

  private void add(List<OperationRequest> requests, @Nullable String branch) {
    for (OperationRequest request : requests) {
      if (request instanceof WriteRequest write && ++count <= MOST) {
        JsonObjectBuilder operation =
            Json.createObjectBuilder()
                .add("op", write instanceof WriteRequest.Put ? "put" : "delete")
                .add("key", write.key().text());
        if (branch != null) {
          operation.add("branch", branch);
        }
        operations.add(operation);
      }
    }
  }
}
