package org.kvstore.api;

import org.jspecify.annotations.Nullable;

/**
 * A key with its value: body and answer of the simple endpoints {@code /put} and {@code /get}.
 *
 * @param key the key, as text
 * @param value the value as text when it is valid UTF-8, else null
 * @param valueBase64 the value in base64 when it is not valid UTF-8, else null
 */
public record PairDocument(
    @Nullable String key, @Nullable String value, @Nullable String valueBase64) {}
