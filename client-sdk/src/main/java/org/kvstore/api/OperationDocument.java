package org.kvstore.api;

import org.jspecify.annotations.Nullable;

/**
 * One operation of a batch or a transaction. What an operation has no use for is null.
 *
 * @param op {@code put}, {@code get} or {@code delete}; in a transaction also {@code list}
 * @param key the key; null with {@code list}
 * @param value the value to put as text, when it is valid UTF-8
 * @param valueBase64 the value to put in base64, when it is not
 * @param contentType media type of the value; null means {@code application/octet-stream}
 * @param ttl time to live as {@link Durations} reads it
 * @param expiresAt ISO-8601 instant in UTC; at most one of ttl, expiresAt, lease and keepTtl is
 *     given
 * @param lease lease that the entry shall hang on
 * @param keepTtl true keeps the earlier time to live
 * @param ifMatch entity tag that the entry must have, or {@code *} for any
 * @param ifNoneMatch {@code *} when the key must not exist
 * @param prefix what the listed keys start with
 * @param start the first key to list
 * @param end the key after the last to list
 * @param limit most entries to list; null means 100
 */
public record OperationDocument(
    String op,
    @Nullable String key,
    @Nullable String value,
    @Nullable String valueBase64,
    @Nullable String contentType,
    @Nullable String ttl,
    @Nullable String expiresAt,
    @Nullable String lease,
    @Nullable Boolean keepTtl,
    @Nullable String ifMatch,
    @Nullable String ifNoneMatch,
    @Nullable String prefix,
    @Nullable String start,
    @Nullable String end,
    @Nullable Integer limit) {}
