package org.kvstore.api;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A page of the retained versions of a key.
 *
 * @param versions the newest first
 * @param cursor what the next page is asked for with; null on the last page
 */
public record HistoryDocument(List<EventDocument> versions, @Nullable String cursor) {}
