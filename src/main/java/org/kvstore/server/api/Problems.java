package org.kvstore.server.api;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.Response;
import java.security.SecureRandom;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.api.Headers;
import org.kvstore.api.MediaTypes;
import org.kvstore.api.Problem;
import org.kvstore.server.model.KeyValueException;

/** Makes the problem documents of RFC 9457 that every error is answered with. */
final class Problems {
  private static final String TYPE = "urn:kvstore:problem:";
  private static final int RETRY_SECONDS = 1;
  private static final String ID = "org.kvstore.request-id";
  private static final SecureRandom RANDOM = new SecureRandom();

  private Problems() {}

  /** The document for an error of a request. */
  static Problem of(KeyValueException error, HttpServletRequest request) {
    ErrorCode code = error.code();
    Long revision = error.currentRevision();
    return new Problem(
        TYPE + code,
        code.title(),
        code.status(),
        error.getMessage(),
        RequestGate.originalPath(request),
        code.name(),
        requestId(request),
        revision == null || revision == 0 ? null : EntityTags.raw(revision),
        error.field(),
        error.limit());
  }

  /** The answer for an error of a request. */
  static Response response(KeyValueException error, HttpServletRequest request) {
    Problem problem = of(error, request);
    Response.ResponseBuilder response =
        Response.status(problem.status())
            .type(MediaTypes.PROBLEM)
            .header(HttpHeaders.CACHE_CONTROL, "no-store")
            .header(Headers.REQUEST_ID, problem.requestId())
            .entity(problem);
    if (problem.etag() != null) {
      response.header(HttpHeaders.ETAG, problem.etag());
    }
    if (isTemporary(error.code())) {
      response.header(HttpHeaders.RETRY_AFTER, RETRY_SECONDS);
    }
    return response.build();
  }

  /** Whether the same request may succeed later on. */
  static boolean isTemporary(ErrorCode code) {
    return code == ErrorCode.UNAVAILABLE || code == ErrorCode.TOO_MANY_REQUESTS;
  }

  /** The code that stands for an HTTP status which the container chose. */
  static ErrorCode codeOf(int status) {
    return switch (status) {
      case 401 -> ErrorCode.UNAUTHENTICATED;
      case 403 -> ErrorCode.FORBIDDEN;
      case 404 -> ErrorCode.NOT_FOUND;
      case 405 -> ErrorCode.METHOD_NOT_ALLOWED;
      case 406 -> ErrorCode.NOT_ACCEPTABLE;
      case 413 -> ErrorCode.TOO_LARGE;
      case 415 -> ErrorCode.UNSUPPORTED_MEDIA_TYPE;
      case 429 -> ErrorCode.TOO_MANY_REQUESTS;
      case 503 -> ErrorCode.UNAVAILABLE;
      default -> status >= 400 && status < 500 ? ErrorCode.REQUEST_INVALID : ErrorCode.INTERNAL;
    };
  }

  /** The client's own request id if it sent a sound one, else one of ours; the same all along. */
  static String requestId(HttpServletRequest request) {
    Object known = request.getAttribute(ID);
    if (known != null) {
      return known.toString();
    }
    String id = sound(request.getHeader(Headers.REQUEST_ID));
    request.setAttribute(ID, id);
    return id;
  }

  private static String sound(@Nullable String sent) {
    if (sent != null && sent.matches("[A-Za-z0-9._-]{1,64}")) {
      return sent;
    }
    byte[] random = new byte[8];
    RANDOM.nextBytes(random);
    return HexFormat.of().formatHex(random);
  }
}
