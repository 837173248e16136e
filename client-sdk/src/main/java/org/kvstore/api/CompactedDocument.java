package org.kvstore.api;

/**
 * What is left of the history.
 *
 * @param compactedRevision the oldest revision that can be read
 */
public record CompactedDocument(long compactedRevision) {}
