package org.kvstore.server.model;

import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;

/** The one exception of the server: an {@link ErrorCode} and what a client needs to act on it. */
public final class KeyValueException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final ErrorCode code;
  private final @Nullable String field;
  private final @Nullable Long limit;
  private final @Nullable Long currentRevision;
  private final @Nullable Integer operation;
  private final @Nullable Integer retryAfter;

  private KeyValueException(ErrorCode code, String detail, Facts facts, @Nullable Throwable cause) {
    // Errors of clients are ordinary answers: without a stack trace they cost next to nothing.
    super(detail, cause, false, code.status() == 500);
    this.code = code;
    field = facts.field();
    limit = facts.limit();
    currentRevision = facts.currentRevision();
    operation = facts.operation();
    retryAfter = facts.retryAfter();
  }

  private record Facts(
      @Nullable String field,
      @Nullable Long limit,
      @Nullable Long currentRevision,
      @Nullable Integer operation,
      @Nullable Integer retryAfter) {
    static final Facts NONE = new Facts(null, null, null, null, null);
  }

  /** An error with a sentence that says what is wrong and what is allowed. */
  public static KeyValueException of(ErrorCode code, String detail) {
    return new KeyValueException(code, detail, Facts.NONE, null);
  }

  /** A request with a bad parameter, header or property. */
  public static KeyValueException invalid(String field, String detail) {
    return of(ErrorCode.REQUEST_INVALID, detail).withField(field);
  }

  /** The same error, naming the parameter, header or property at fault. */
  public KeyValueException withField(String name) {
    return with(new Facts(name, limit, currentRevision, operation, retryAfter));
  }

  /** The same error, naming the limit that was exceeded. */
  public KeyValueException withLimit(long value) {
    return with(new Facts(field, value, currentRevision, operation, retryAfter));
  }

  /** The same error with the entry's current revision. */
  public KeyValueException withCurrentRevision(long revision) {
    return with(new Facts(field, limit, revision, operation, retryAfter));
  }

  /** The same error with when the request may succeed: in so many seconds. */
  public KeyValueException withRetryAfter(int seconds) {
    return with(new Facts(field, limit, currentRevision, operation, seconds));
  }

  /**
   * The same error as that of one operation of a transaction.
   *
   * @param branch {@code then} or {@code else}
   * @param index of the operation there, from 0
   */
  public KeyValueException ofOperation(String branch, int index) {
    return new KeyValueException(
        code,
        "Operation %d of '%s': %s".formatted(index, branch, getMessage()),
        new Facts(field, limit, currentRevision, index, retryAfter),
        getCause());
  }

  /** The same error with what caused it. */
  public KeyValueException withCause(Throwable cause) {
    return new KeyValueException(code, getMessage(), facts(), cause);
  }

  private Facts facts() {
    return new Facts(field, limit, currentRevision, operation, retryAfter);
  }

  private KeyValueException with(Facts more) {
    return new KeyValueException(code, getMessage(), more, getCause());
  }

  @Override
  public String getMessage() {
    String message = super.getMessage();
    return message == null ? code.title() : message;
  }

  /** What kind of error it is. */
  public ErrorCode code() {
    return code;
  }

  /** Parameter, header or property at fault, or null. */
  public @Nullable String field() {
    return field;
  }

  /** Limit that was exceeded, or null. */
  public @Nullable Long limit() {
    return limit;
  }

  /** Revision of the entry that made a condition fail, or null. */
  public @Nullable Long currentRevision() {
    return currentRevision;
  }

  /** In how many seconds the request may succeed, or null when that is not known. */
  public @Nullable Integer retryAfter() {
    return retryAfter;
  }

  /** Index of the operation at fault in its list of a transaction, or null. */
  public @Nullable Integer operation() {
    return operation;
  }
}
