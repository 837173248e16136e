package org.kvstore.api;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A lease.
 *
 * @param id what its keys and later requests name it by: opaque
 * @param ttl how long it lives without a renewal: an ISO-8601 duration
 * @param expiresAt when it ends unless it is renewed: an ISO-8601 instant in UTC
 * @param keys the keys that hang on it; null where they were not asked for
 */
public record LeaseDocument(String id, String ttl, String expiresAt, @Nullable List<String> keys) {}
