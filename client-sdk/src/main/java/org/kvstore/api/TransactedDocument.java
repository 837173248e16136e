package org.kvstore.api;

import java.util.List;

/**
 * The answer of {@code POST /v1/txn}.
 *
 * @param succeeded whether the comparisons held, so that the {@code then} operations were done
 * @param revision the revision of the transaction's writes; without any, the one that it read
 * @param results one for each operation that was done, in order
 */
public record TransactedDocument(boolean succeeded, long revision, List<ResultDocument> results) {}
