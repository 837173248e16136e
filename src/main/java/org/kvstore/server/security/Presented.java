package org.kvstore.server.security;

import org.jspecify.annotations.Nullable;

/**
 * What a request says about its sender.
 *
 * @param authorization the header of that name, or null
 * @param address where it comes from
 * @param requestId what its problems name it by
 */
public record Presented(@Nullable String authorization, String address, String requestId) {}
