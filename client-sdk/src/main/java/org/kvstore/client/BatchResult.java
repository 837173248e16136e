package org.kvstore.client;

import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.EntryDocument;
import org.kvstore.api.ResultDocument;

/**
 * What one operation of a batch came to. A write that succeeded is durable.
 *
 * @param operation the operation
 * @param status HTTP status code that it would have had alone; 0 when no answer arrived
 * @param etag entity tag of the entry after a put, or as it was read; or null
 * @param entry the entry that a get read; or null
 * @param failure why it did not succeed; null when it did
 */
public record BatchResult(
    BatchOperation operation,
    int status,
    @Nullable String etag,
    @Nullable Entry entry,
    @Nullable KeyValueException failure) {

  /** Whether the operation was done. */
  public boolean isSuccess() {
    return failure == null;
  }

  /** This result, or the exception that the operation would have thrown alone. */
  public BatchResult orThrow() {
    if (failure != null) {
      throw failure;
    }
    return this;
  }

  static BatchResult failed(BatchOperation operation, KeyValueException failure) {
    String etag = failure.etag().orElse(null);
    return new BatchResult(operation, failure.status(), etag, null, failure);
  }

  static BatchResult of(BatchOperation operation, ResultDocument result) {
    if (result.status() >= 400) {
      return failed(operation, ProblemMapper.exception(result.status(), result.problem()));
    }
    EntryDocument entry = result.entry();
    return new BatchResult(
        operation,
        result.status(),
        result.etag(),
        Optional.ofNullable(entry).map(Entry::of).orElse(null),
        null);
  }
}
