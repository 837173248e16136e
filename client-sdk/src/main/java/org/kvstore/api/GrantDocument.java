package org.kvstore.api;

/**
 * Asks for a lease.
 *
 * @param ttl how long it lives without a renewal, 1 s .. 24 h, as {@link Durations} reads it
 */
public record GrantDocument(String ttl) {}
