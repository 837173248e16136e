package org.kvstore.api;

import jakarta.json.bind.annotation.JsonbProperty;
import java.util.List;

/**
 * The body of {@code POST /v1/txn}.
 *
 * @param compare what must hold, all of it
 * @param then what is done when it holds
 * @param otherwise what is done when it does not; {@code else} in JSON
 */
public record TransactionDocument(
    List<ComparisonDocument> compare,
    List<OperationDocument> then,
    @JsonbProperty("else") List<OperationDocument> otherwise) {}
