package org.kvstore.client;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.api.Problem;

/**
 * What is known about a failed request.
 *
 * @param status HTTP status code; 0 when no answer arrived
 * @param code the error code; null when the answer is not one of the contract's
 * @param message a sentence for people
 * @param problem the problem document; null when there is none
 * @param etag current entity tag, with PRECONDITION_FAILED when the key exists; or null
 * @param retryAfter how long the service asks to wait; or null
 * @param age how old a local read may be; or null
 */
record Failure(
    int status,
    @Nullable ErrorCode code,
    String message,
    @Nullable Problem problem,
    @Nullable String etag,
    @Nullable Duration retryAfter,
    @Nullable Duration age) {

  /** A failure that the client found itself. */
  static Failure local(int status, @Nullable ErrorCode code, String message) {
    return new Failure(status, code, message, null, null, null, null);
  }

  /** The same failure with another sentence for people. */
  Failure saying(String sentence) {
    return new Failure(status, code, sentence, problem, etag, retryAfter, age);
  }

  /** The same failure, known for what it is where somebody else than the service has answered. */
  Failure inDoubt() {
    return new Failure(status, ErrorCode.INDETERMINATE, message, problem, etag, retryAfter, age);
  }
}
