package org.kvstore.client;

import jakarta.json.bind.Jsonb;
import jakarta.json.bind.JsonbBuilder;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ComparisonDocument;
import org.kvstore.api.EntryDocument;
import org.kvstore.api.ErrorCode;
import org.kvstore.api.OperationDocument;
import org.kvstore.api.ResultDocument;
import org.kvstore.api.TransactedDocument;
import org.kvstore.api.TransactionDocument;

/** Batches and transactions of the fake server, on its store. */
final class FakeOperations {
  private final Jsonb json = JsonbBuilder.create();
  private final FakeStore store;

  FakeOperations(FakeStore store) {
    this.store = store;
  }

  String batch(String lines) {
    StringBuilder results = new StringBuilder();
    lines
        .lines()
        .map(line -> one(json.fromJson(line, OperationDocument.class)))
        .forEach(result -> results.append(json.toJson(result)).append('\n'));
    return results.toString();
  }

  String transact(String body) {
    TransactionDocument wanted = json.fromJson(body, TransactionDocument.class);
    synchronized (store) {
      boolean holds = wanted.compare().stream().allMatch(this::holds);
      List<ResultDocument> results = new ArrayList<>();
      (holds ? wanted.then() : wanted.otherwise()).forEach(each -> results.add(one(each)));
      return json.toJson(new TransactedDocument(holds, store.revision(), results));
    }
  }

  private boolean holds(ComparisonDocument comparison) {
    FakeStore.Stored stored = store.find(comparison.key());
    int order =
        switch (comparison.target()) {
          case "version" -> compare(stored == null ? 0 : stored.version(), comparison);
          case "modRevision" -> compare(stored == null ? 0 : stored.modRevision(), comparison);
          default -> throw new AssertionError("the fake cannot compare " + comparison.target());
        };
    return switch (comparison.op()) {
      case "=" -> order == 0;
      case "!=" -> order != 0;
      case "<" -> order < 0;
      default -> order > 0;
    };
  }

  private static int compare(long number, ComparisonDocument comparison) {
    return Long.compare(number, Long.parseLong(String.valueOf(comparison.value())));
  }

  private ResultDocument one(OperationDocument operation) {
    String key = String.valueOf(operation.key());
    FakeStore.Stored earlier = store.find(key);
    if (operation.op().equals("list")) {
      return list(operation);
    }
    if (isRefused(operation, earlier)) {
      return failed(ErrorCode.PRECONDITION_FAILED, earlier);
    }
    if (operation.op().equals("put")) {
      String expiry = operation.expiresAt();
      Instant expiresAt = expiry == null ? null : Instant.parse(expiry);
      FakeStore.Stored now = store.put(key, bytes(operation), operation.contentType(), expiresAt);
      return result(earlier == null ? 201 : 204, now.etag(), null);
    }
    if (earlier == null) {
      return failed(ErrorCode.NOT_FOUND, null);
    }
    if (operation.op().equals("get")) {
      return result(200, earlier.etag(), earlier.document(key, true));
    }
    store.remove(key);
    return result(204, null, null);
  }

  private ResultDocument list(OperationDocument operation) {
    Integer limit = operation.limit();
    List<EntryDocument> all =
        store.range(String.valueOf(operation.prefix())).entrySet().stream()
            .map((Map.Entry<String, FakeStore.Stored> e) -> e.getValue().document(e.getKey(), true))
            .toList();
    int count = Math.min(limit == null ? 100 : limit, all.size());
    return new ResultDocument(200, null, null, all.subList(0, count), count < all.size(), null);
  }

  private static boolean isRefused(
      OperationDocument operation, FakeStore.@Nullable Stored earlier) {
    String ifMatch = operation.ifMatch();
    return (operation.ifNoneMatch() != null && earlier != null)
        || (ifMatch != null && (earlier == null || !ifMatch.equals(earlier.etag())));
  }

  private static byte[] bytes(OperationDocument operation) {
    String text = operation.value();
    return text == null
        ? Base64.getDecoder().decode(operation.valueBase64())
        : text.getBytes(StandardCharsets.UTF_8);
  }

  private static ResultDocument result(
      int status, @Nullable String etag, @Nullable EntryDocument entry) {
    return new ResultDocument(status, etag, entry, null, null, null);
  }

  private static ResultDocument failed(ErrorCode code, FakeStore.@Nullable Stored stored) {
    return new ResultDocument(
        code.status(), null, null, null, null, FakeServer.problem(code, stored));
  }
}
