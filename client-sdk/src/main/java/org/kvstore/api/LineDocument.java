package org.kvstore.api;

import org.jspecify.annotations.Nullable;

/**
 * One line of newline-delimited JSON: what an export writes and an import reads back.
 *
 * @param op {@code put}
 * @param key the key, as text
 * @param value the value as text when it is valid UTF-8, else null
 * @param valueBase64 the value in base64 when it is not valid UTF-8, else null
 * @param contentType media type of the value
 * @param expiresAt ISO-8601 instant in UTC, or null when the entry does not expire
 */
public record LineDocument(
    String op,
    String key,
    @Nullable String value,
    @Nullable String valueBase64,
    @Nullable String contentType,
    @Nullable String expiresAt) {}
