package org.kvstore.client;

import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.api.Problem;

/**
 * A request that did not succeed. The subclasses are for the failures that a program handles in its
 * own way; every other failure is this class with its {@link #code()}.
 *
 * <p>A write that failed was not applied, except with {@link IndeterminateException}, and perhaps
 * when somebody else than the service has answered: {@link #code()} is empty.
 */
public class KeyValueException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final transient Failure failure;

  KeyValueException(Failure failure, @Nullable Throwable cause) {
    super(failure.message(), cause);
    this.failure = failure;
  }

  /** The error code; empty when the answer does not come from the service, such as a proxy's. */
  public Optional<ErrorCode> code() {
    return Optional.ofNullable(failure.code());
  }

  /** The HTTP status code; 0 when no answer arrived. */
  public int status() {
    return failure.status();
  }

  /** The problem document of the answer; empty when there is none. */
  public Optional<Problem> problem() {
    return Optional.ofNullable(failure.problem());
  }

  /** The current entity tag, when the answer names one. */
  public Optional<String> etag() {
    return Optional.ofNullable(failure.etag());
  }

  /** How long the service asks to wait before the next try. */
  public Optional<Duration> retryAfter() {
    return Optional.ofNullable(failure.retryAfter());
  }

  Failure failure() {
    return failure;
  }

  /** The most specific exception for a failure. */
  static KeyValueException of(Failure failure, @Nullable Throwable cause) {
    ErrorCode code = failure.code();
    if (code == null) {
      return new KeyValueException(failure, cause);
    }
    return switch (code) {
      case KEY_INVALID, REQUEST_INVALID -> new InvalidRequestException(failure, cause);
      case NOT_FOUND -> new KeyNotFoundException(failure, cause);
      case COMPACTED -> new CompactedException(failure, cause);
      case PRECONDITION_FAILED -> new PreconditionFailedException(failure, cause);
      case TOO_LARGE -> new TooLargeException(failure, cause);
      case TOO_MANY_REQUESTS -> new TooManyRequestsException(failure, cause);
      case UNAVAILABLE -> new UnavailableException(failure, cause);
      case INDETERMINATE -> new IndeterminateException(failure, cause);
      case STORAGE_FULL -> new StorageFullException(failure, cause);
      case UNAUTHENTICATED,
          FORBIDDEN,
          METHOD_NOT_ALLOWED,
          NOT_ACCEPTABLE,
          UNSUPPORTED_MEDIA_TYPE,
          CROSS_SHARD,
          TXN_INVALID,
          PATCH_FAILED,
          PRECONDITION_REQUIRED,
          INTERNAL ->
          new KeyValueException(failure, cause);
    };
  }

  /** An answer that breaks the contract. */
  static KeyValueException notTheService(int status, String detail, @Nullable Throwable cause) {
    String message = "Not an answer of the key-value service: " + detail;
    return new KeyValueException(Failure.local(status, null, message), cause);
  }
}
