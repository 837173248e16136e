package org.kvstore.api;

/** Names of the HTTP header fields beyond those that {@code HttpHeaders} of Jakarta REST has. */
public final class Headers {
  /** Revision of the write that created the entry: decimal. */
  public static final String CREATE_REVISION = "KV-Create-Revision";

  /** Revision of the newest write of the entry: decimal. */
  public static final String MOD_REVISION = "KV-Mod-Revision";

  /** Number of writes since the entry was created: decimal, from 1. */
  public static final String VERSION = "KV-Version";

  /** When the entry expires: ISO-8601 instant in UTC; absent when it does not. */
  public static final String EXPIRES_AT = "KV-Expires-At";

  /** Lease that the entry hangs on; absent without one. */
  public static final String LEASE = "KV-Lease";

  /**
   * Of a read of what a node has (RFC 9111 calls such an age): how long ago that last was the
   * newest of all, in milliseconds, as far as the node knows; missing while it does not.
   */
  public static final String AGE = "KV-Age";

  /** Names one write so that a repeat is not applied again: 1..128 visible ASCII characters. */
  public static final String IDEMPOTENCY_KEY = "Idempotency-Key";

  /** RFC 7240 preferences; {@code wait=SECONDS} holds a GET until the entry changes. */
  public static final String PREFER = "Prefer";

  /** Identifies one request in problems and logs. */
  public static final String REQUEST_ID = "X-Request-Id";

  private Headers() {}
}
