package org.kvstore.client;

import java.time.Instant;
import java.util.Base64;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.EntryDocument;
import org.kvstore.api.OperationDocument;

/** Operations as the wire has them. */
final class OperationDocuments {
  private OperationDocuments() {}

  static OperationDocument of(BatchOperation operation) {
    if (operation instanceof BatchOperation.Put put) {
      return put(put);
    }
    if (operation instanceof BatchOperation.Delete delete) {
      return keyed("delete", delete.key(), delete.ifMatch());
    }
    return keyed("get", operation.key(), null);
  }

  static OperationDocument list(KeyRange range, int limit) {
    return new OperationDocument(
        "list",
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        range.prefix(),
        range.start(),
        range.end(),
        limit);
  }

  private static OperationDocument put(BatchOperation.Put put) {
    byte[] bytes = put.value().shared();
    String text = EntryDocument.textOrNull(bytes);
    PutOptions options = put.options();
    Instant expiresAt = put.expiresAt();
    return new OperationDocument(
        "put",
        put.key(),
        text,
        text == null ? Base64.getEncoder().encodeToString(bytes) : null,
        options.contentType(),
        options.ttl(),
        expiresAt == null ? null : expiresAt.toString(),
        options.lease(),
        options.keepTtl(),
        options.ifMatch(),
        options.ifNoneMatch(),
        null,
        null,
        null,
        null);
  }

  private static OperationDocument keyed(String op, String key, @Nullable String ifMatch) {
    return new OperationDocument(
        op, key, null, null, null, null, null, null, null, ifMatch, null, null, null, null, null);
  }
}
