package org.kvstore.client;

import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.HttpHeaders;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.Headers;

/**
 * The optional parts of a put, for example {@code PutOptions.ifAbsent().withTtl(minute)}. At most
 * one of a time to live, a kept time to live and a lease is given.
 *
 * @param contentType media type to store with the value; null means {@code
 *     application/octet-stream}
 * @param ttl time to live as an ISO-8601 duration; null means that the entry does not expire
 * @param keepTtl true keeps the earlier time to live, which a put clears otherwise; or null
 * @param lease id of the lease that the entry shall end with; or null
 * @param ifMatch entity tag that the entry must have, or {@code *} for any; or null
 * @param ifNoneMatch {@code *} when the key must not exist; or null
 * @param idempotencyKey names this write: a repeat within 10 minutes is not applied again; or null
 */
public record PutOptions(
    @HeaderParam(HttpHeaders.CONTENT_TYPE) @Nullable String contentType,
    @QueryParam("ttl") @Nullable String ttl,
    @QueryParam("keepTtl") @Nullable Boolean keepTtl,
    @QueryParam("lease") @Nullable String lease,
    @HeaderParam(HttpHeaders.IF_MATCH) @Nullable String ifMatch,
    @HeaderParam(HttpHeaders.IF_NONE_MATCH) @Nullable String ifNoneMatch,
    @HeaderParam(Headers.IDEMPOTENCY_KEY) @Nullable String idempotencyKey) {

  /** An unconditional put of a value that does not expire. */
  public static PutOptions none() {
    return new PutOptions(null, null, null, null, null, null, null);
  }

  /** Writes only when the entry still has this entity tag. */
  public static PutOptions ifMatch(String etag) {
    return none().withIfMatch(etag);
  }

  /** Writes only when the key does not exist. */
  public static PutOptions ifAbsent() {
    return none().withIfAbsent();
  }

  /** Writes an entry that expires after this time. */
  public static PutOptions expiringAfter(Duration ttl) {
    return none().withTtl(ttl);
  }

  /** Writes an entry that ends with a lease. */
  public static PutOptions onLease(String id) {
    return none().withLease(id);
  }

  /** These options with a media type. */
  public PutOptions withContentType(String mediaType) {
    return new PutOptions(mediaType, ttl, keepTtl, lease, ifMatch, ifNoneMatch, idempotencyKey);
  }

  /** These options with a time to live. */
  public PutOptions withTtl(Duration duration) {
    return new PutOptions(
        contentType, duration.toString(), keepTtl, lease, ifMatch, ifNoneMatch, idempotencyKey);
  }

  /** These options, keeping the time to live that the entry has. */
  public PutOptions withKeptTtl() {
    return new PutOptions(contentType, ttl, true, lease, ifMatch, ifNoneMatch, idempotencyKey);
  }

  /** These options with a lease: the entry is deleted when the lease ends. */
  public PutOptions withLease(String id) {
    return new PutOptions(contentType, ttl, keepTtl, id, ifMatch, ifNoneMatch, idempotencyKey);
  }

  /** These options on the condition that the entry has this entity tag. */
  public PutOptions withIfMatch(String etag) {
    return new PutOptions(
        contentType, ttl, keepTtl, lease, Etags.quoted(etag), ifNoneMatch, idempotencyKey);
  }

  /** These options on the condition that the key does not exist. */
  public PutOptions withIfAbsent() {
    return new PutOptions(contentType, ttl, keepTtl, lease, ifMatch, Etags.ANY, idempotencyKey);
  }

  /** These options with a name for the write: 1..128 visible ASCII characters. */
  public PutOptions withIdempotencyKey(String name) {
    return new PutOptions(contentType, ttl, keepTtl, lease, ifMatch, ifNoneMatch, name);
  }

  PutOptions named(@Nullable String name) {
    return name == null ? this : withIdempotencyKey(name);
  }
}
