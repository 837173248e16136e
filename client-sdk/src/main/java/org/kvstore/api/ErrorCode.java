package org.kvstore.api;

/**
 * Every error that the service answers with, as an RFC 9457 problem. The name is the problem's
 * {@code code}; clients switch on it, never on the text.
 */
public enum ErrorCode {
  /** The key breaks a rule of {@link KeyRules}. */
  KEY_INVALID(400, "The key is not valid"),
  /** A parameter, header or body has a value that is not allowed. */
  REQUEST_INVALID(400, "The request is not valid"),
  UNAUTHENTICATED(401, "Authentication is needed"),
  FORBIDDEN(403, "Not permitted"),
  NOT_FOUND(404, "Not found"),
  METHOD_NOT_ALLOWED(405, "The method is not allowed here"),
  NOT_ACCEPTABLE(406, "No acceptable representation"),
  /** The revision asked for is older than what history retains. */
  COMPACTED(410, "The revision has been compacted"),
  /** A condition did not hold when the write was evaluated; nothing was written. */
  PRECONDITION_FAILED(412, "The precondition does not hold"),
  /** A size limit is exceeded; the problem names it. */
  TOO_LARGE(413, "Too large"),
  UNSUPPORTED_MEDIA_TYPE(415, "The media type is not supported"),
  CROSS_SHARD(422, "The keys belong to several shards"),
  TXN_INVALID(422, "The transaction is not valid"),
  PATCH_FAILED(422, "The patch cannot be applied"),
  PRECONDITION_REQUIRED(428, "A precondition is required"),
  /** A rate or concurrency limit is reached; nothing was done. */
  TOO_MANY_REQUESTS(429, "Too many requests"),
  INTERNAL(500, "Internal error"),
  /** The service cannot do it now. Certainly not applied: a retry is safe. */
  UNAVAILABLE(503, "The service is unavailable"),
  /** The outcome is unknown: the write may or may not have been applied. */
  INDETERMINATE(504, "The outcome is unknown"),
  /** The disk or the quota is full. Not applied; clears by itself when there is room. */
  STORAGE_FULL(507, "The storage is full");

  private final int status;
  private final String title;

  ErrorCode(int status, String title) {
    this.status = status;
    this.title = title;
  }

  /** The HTTP status code. */
  public int status() {
    return status;
  }

  /** A fixed sentence for people, the same for every occurrence. */
  public String title() {
    return title;
  }
}
