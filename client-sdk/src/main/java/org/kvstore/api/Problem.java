package org.kvstore.api;

import org.jspecify.annotations.Nullable;

/**
 * An error of any endpoint, RFC 9457.
 *
 * @param type URI reference of the kind of problem, {@code urn:kvstore:problem:CODE}
 * @param title fixed sentence of the kind
 * @param status HTTP status code
 * @param detail what is wrong with this request, naming the field and the limit
 * @param instance path of the request
 * @param code name of an {@link ErrorCode}
 * @param requestId identifies the request in the server's log
 * @param etag current entity tag, with PRECONDITION_FAILED when the key exists
 * @param field parameter, header or property at fault, or null
 * @param limit limit that was exceeded, in the unit that the detail names, or null
 * @param operation index of the operation of a transaction at fault, from 0, or null
 */
public record Problem(
    @Nullable String type,
    @Nullable String title,
    int status,
    @Nullable String detail,
    @Nullable String instance,
    @Nullable String code,
    @Nullable String requestId,
    @Nullable String etag,
    @Nullable String field,
    @Nullable Long limit,
    @Nullable Integer operation) {}
