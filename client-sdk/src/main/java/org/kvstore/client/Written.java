package org.kvstore.client;

/**
 * The outcome of a put that was acknowledged, hence durable.
 *
 * @param created true when the key did not exist before
 * @param etag entity tag of the new entry, in quotes
 */
public record Written(boolean created, String etag) {}
