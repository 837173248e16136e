package org.kvstore.api;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What one operation of a batch or a transaction came to.
 *
 * @param status HTTP status code that the operation would have had as a request of its own
 * @param etag entity tag after a put, or of what was read
 * @param entry what a get read
 * @param entries what a list read, in key order
 * @param more whether a list stopped at its limit
 * @param problem why it failed, from status 400
 */
public record ResultDocument(
    int status,
    @Nullable String etag,
    @Nullable EntryDocument entry,
    @Nullable List<EntryDocument> entries,
    @Nullable Boolean more,
    @Nullable Problem problem) {}
