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

  private KeyValueException(
      ErrorCode code,
      String detail,
      @Nullable String field,
      @Nullable Long limit,
      @Nullable Long currentRevision,
      @Nullable Throwable cause) {
    // Errors of clients are ordinary answers: without a stack trace they cost next to nothing.
    super(detail, cause, false, code.status() == 500);
    this.code = code;
    this.field = field;
    this.limit = limit;
    this.currentRevision = currentRevision;
  }

  /** An error with a sentence that says what is wrong and what is allowed. */
  public static KeyValueException of(ErrorCode code, String detail) {
    return new KeyValueException(code, detail, null, null, null, null);
  }

  /** A request with a bad parameter, header or property. */
  public static KeyValueException invalid(String field, String detail) {
    return new KeyValueException(ErrorCode.REQUEST_INVALID, detail, field, null, null, null);
  }

  /** The same error, naming the parameter, header or property at fault. */
  public KeyValueException withField(String name) {
    return new KeyValueException(code, getMessage(), name, limit, currentRevision, getCause());
  }

  /** The same error, naming the limit that was exceeded. */
  public KeyValueException withLimit(long value) {
    return new KeyValueException(code, getMessage(), field, value, currentRevision, getCause());
  }

  /** The same error with the entry's current revision. */
  public KeyValueException withCurrentRevision(long revision) {
    return new KeyValueException(code, getMessage(), field, limit, revision, getCause());
  }

  /** The same error with what caused it. */
  public KeyValueException withCause(Throwable cause) {
    return new KeyValueException(code, getMessage(), field, limit, currentRevision, cause);
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
}
