package org.kvstore.api;

import org.jspecify.annotations.Nullable;

/**
 * A change, as a watch delivers it and history lists it.
 *
 * @param type {@code put} or {@code delete}
 * @param entry the entry after it; of a delete only the key and the revision ({@code modRevision})
 * @param prev the entry before it, when that was asked for, existed and is retained
 * @param reason {@code client}, {@code expired} or {@code lease}
 * @param time when it was asked for: an ISO-8601 instant in UTC
 */
public record EventDocument(
    String type, EntryDocument entry, @Nullable EntryDocument prev, String reason, String time) {}
