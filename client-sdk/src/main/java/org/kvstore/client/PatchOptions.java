package org.kvstore.client;

import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.core.HttpHeaders;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.Headers;
import org.kvstore.api.MediaTypes;

/**
 * How a patch is to be understood, and its optional parts.
 *
 * @param contentType media type of the patch, which says what kind it is
 * @param ifMatch entity tag that the entry must have, or {@code *} for any; or null
 * @param idempotencyKey names this write: a repeat within 10 minutes is not applied again; or null
 */
public record PatchOptions(
    @HeaderParam(HttpHeaders.CONTENT_TYPE) String contentType,
    @HeaderParam(HttpHeaders.IF_MATCH) @Nullable String ifMatch,
    @HeaderParam(Headers.IDEMPOTENCY_KEY) @Nullable String idempotencyKey) {

  /** A JSON Patch (RFC 6902). */
  public static PatchOptions jsonPatch() {
    return new PatchOptions(MediaTypes.JSON_PATCH, null, null);
  }

  /** A JSON Merge Patch (RFC 7396). */
  public static PatchOptions mergePatch() {
    return new PatchOptions(MediaTypes.MERGE_PATCH, null, null);
  }

  /** An increment, {@code {"by": n}}. */
  public static PatchOptions increment() {
    return new PatchOptions(MediaTypes.INCREMENT, null, null);
  }

  /** These options on the condition that the entry has this entity tag. */
  public PatchOptions withIfMatch(String etag) {
    return new PatchOptions(contentType, Etags.quoted(etag), idempotencyKey);
  }

  /** These options with a name for the write: 1..128 visible ASCII characters. */
  public PatchOptions withIdempotencyKey(String name) {
    return new PatchOptions(contentType, ifMatch, name);
  }

  PatchOptions named(@Nullable String name) {
    return name == null ? this : withIdempotencyKey(name);
  }
}
