package org.kvstore.client;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.kvstore.api.EntryDocument;
import org.kvstore.api.ErrorCode;
import org.kvstore.api.OperationDocument;
import org.kvstore.api.ResultDocument;
import org.kvstore.api.TransactedDocument;

/**
 * The outcome of a transaction that was acknowledged, hence durable.
 *
 * @param succeeded whether the comparisons held, so that the first branch was taken
 * @param revision the revision of its writes; without any, the one that it read
 * @param results one for each operation of the branch that was taken, in order
 */
public record TransactionResult(boolean succeeded, long revision, List<OperationResult> results) {
  /** Copies the list. */
  public TransactionResult {
    results = List.copyOf(results);
  }

  static TransactionResult of(TransactedDocument document, List<OperationDocument> operations) {
    List<ResultDocument> results = document.results();
    if (results.size() != operations.size()) {
      throw KeyValueException.notTheService(
          200, "%d operations have %d results".formatted(operations.size(), results.size()), null);
    }
    List<OperationResult> typed = new ArrayList<>();
    for (int i = 0; i < results.size(); i++) {
      typed.add(result(operations.get(i), results.get(i)));
    }
    return new TransactionResult(document.succeeded(), document.revision(), typed);
  }

  private static OperationResult result(OperationDocument operation, ResultDocument result) {
    boolean isFound = result.status() != ErrorCode.NOT_FOUND.status();
    if (isFound && result.status() >= 400) {
      throw ProblemMapper.exception(result.status(), result.problem());
    }
    return switch (operation.op()) {
      case "put" ->
          new OperationResult.Put(
              new Written(result.status() == 201, String.valueOf(result.etag())));
      case "delete" -> new OperationResult.Delete(isFound);
      case "get" -> new OperationResult.Get(Optional.ofNullable(result.entry()).map(Entry::of));
      default -> new OperationResult.Listed(entries(result), Boolean.TRUE.equals(result.more()));
    };
  }

  private static List<Entry> entries(ResultDocument result) {
    List<EntryDocument> entries = Optional.ofNullable(result.entries()).orElse(List.of());
    return entries.stream().map(Entry::of).toList();
  }
}
