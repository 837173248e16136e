package org.kvstore.server.security;

import java.security.cert.X509Certificate;
import org.jspecify.annotations.Nullable;

/**
 * What a request says about its sender.
 *
 * @param authorization the header of that name, or null
 * @param certificate of the client that made the connection, checked by the container; or null
 * @param address where it comes from
 * @param requestId what its problems name it by
 */
public record Presented(
    @Nullable String authorization,
    @Nullable X509Certificate certificate,
    String address,
    String requestId) {}
