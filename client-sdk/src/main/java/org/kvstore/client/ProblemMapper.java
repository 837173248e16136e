package org.kvstore.client;

import jakarta.ws.rs.ProcessingException;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MultivaluedMap;
import jakarta.ws.rs.core.Response;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import org.eclipse.microprofile.rest.client.ext.ResponseExceptionMapper;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.api.Problem;

/** Turns each answer of 400 or above into the {@link KeyValueException} of its problem. */
public final class ProblemMapper implements ResponseExceptionMapper<KeyValueException> {
  private static final Problem NONE =
      new Problem(null, null, 0, null, null, null, null, null, null, null, null);

  /** Called by the REST client. */
  public ProblemMapper() {}

  @Override
  public boolean handles(int status, MultivaluedMap<String, Object> headers) {
    return status >= 400;
  }

  @Override
  public KeyValueException toThrowable(Response response) {
    byte[] body = body(response);
    return exception(
        response.getStatus(),
        problem(body),
        body.length > 0,
        response.getHeaderString(HttpHeaders.ETAG),
        response.getHeaderString(HttpHeaders.RETRY_AFTER),
        Responses.age(response).orElse(null));
  }

  /** The exception of a problem that is part of a larger answer. */
  static KeyValueException exception(int status, @Nullable Problem problem) {
    return exception(status, problem, problem != null, null, null, null);
  }

  /** The exception of an answer that did not come through the REST client. */
  static KeyValueException exception(int status, byte[] body, @Nullable String retryAfter) {
    return exception(status, problem(body), body.length > 0, null, retryAfter, null);
  }

  private static KeyValueException exception(
      int status,
      @Nullable Problem problem,
      boolean hasBody,
      @Nullable String etagHeader,
      @Nullable String retryAfter,
      @Nullable Duration age) {
    Problem known = problem == null ? NONE : problem;
    ErrorCode code = code(status, known.code(), hasBody);
    String etag = known.etag() == null ? etagHeader : known.etag();
    Failure failure =
        new Failure(
            status, code, message(status, code, known), problem, etag, seconds(retryAfter), age);
    return KeyValueException.of(failure, null);
  }

  /**
   * The code of the problem; without a body, as after HEAD, the code of the status. A body that is
   * no problem is somebody else's answer, and its 404 must not pass for an absent key.
   */
  private static @Nullable ErrorCode code(int status, @Nullable String name, boolean hasBody) {
    return Arrays.stream(ErrorCode.values())
        .filter(code -> name == null ? code.status() == status : code.name().equals(name))
        .filter(code -> name != null || !hasBody || status >= 500)
        .findFirst()
        .orElse(status == 502 ? ErrorCode.INDETERMINATE : null);
  }

  private static String message(int status, @Nullable ErrorCode code, Problem problem) {
    String title = Optional.ofNullable(problem.title()).orElse(code == null ? "" : code.title());
    StringBuilder message = new StringBuilder();
    message.append(title.isEmpty() ? "Unexpected answer" : title).append(" (").append(status);
    Optional.ofNullable(problem.code()).ifPresent(name -> message.append(' ').append(name));
    message.append(')');
    Optional.ofNullable(problem.detail()).ifPresent(text -> message.append(": ").append(text));
    Optional.ofNullable(problem.requestId())
        .ifPresent(id -> message.append(" [request ").append(id).append(']'));
    return message.toString();
  }

  private static byte[] body(Response response) {
    try {
      return response.hasEntity() ? response.readEntity(byte[].class) : new byte[0];
    } catch (ProcessingException | IllegalStateException unreadable) {
      return new byte[0];
    }
  }

  private static @Nullable Problem problem(byte[] body) {
    String text = new String(body, StandardCharsets.UTF_8);
    if (!text.stripLeading().startsWith("{")) {
      return null;
    }
    try {
      return Json.read(text, Problem.class);
    } catch (KeyValueException notAProblem) {
      return null;
    }
  }

  /** Retry-After in its form of seconds; its form of a date is not used by the service. */
  private static @Nullable Duration seconds(@Nullable String retryAfter) {
    try {
      return retryAfter == null ? null : Duration.ofSeconds(Long.parseLong(retryAfter.strip()));
    } catch (NumberFormatException aDate) {
      return null;
    }
  }
}
