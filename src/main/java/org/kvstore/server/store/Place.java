package org.kvstore.server.store;

/**
 * How far watches of a query have come.
 *
 * @param after everything up to this revision is delivered, or not wanted
 */
record Place(Watch.Query query, long after) {}
