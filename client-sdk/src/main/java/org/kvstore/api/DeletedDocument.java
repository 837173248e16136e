package org.kvstore.api;

/**
 * The answer of a range delete.
 *
 * @param deleted number of keys deleted
 */
public record DeletedDocument(long deleted) {}
