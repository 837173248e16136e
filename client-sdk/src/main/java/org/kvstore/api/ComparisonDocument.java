package org.kvstore.api;

import org.jspecify.annotations.Nullable;

/**
 * A condition of a transaction. A missing key compares as version, createRevision and modRevision
 * 0.
 *
 * @param key the key
 * @param target {@code version}, {@code createRevision}, {@code modRevision}, {@code value} or
 *     {@code lease}
 * @param op {@code =}, {@code !=}, {@code <} or {@code >}
 * @param value what the target is compared with: a value as text, or a number in decimal
 * @param valueBase64 a value in base64, when it is not valid UTF-8
 */
public record ComparisonDocument(
    String key, String target, String op, @Nullable String value, @Nullable String valueBase64) {}
