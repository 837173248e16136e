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

  /**
   * What a problem says about its request. It is read before the request goes on without its
   * thread, as the request that a resource holds is a proxy that means nothing on another.
   *
   * @param path as the client sent it
   * @param requestId the request's id if it has one by now
   */
  record Origin(String path, @Nullable String requestId) {
    static Origin of(HttpServletRequest request) {
      Object known = request.getAttribute(ID);
      return new Origin(
          RequestGate.originalPath(request),
          known == null ? sound(request.getHeader(Headers.REQUEST_ID)) : known.toString());
    }

    /** With an id in any case, so that the log and the answer name the same. */
    Origin named() {
      return requestId == null ? new Origin(path, random()) : this;
    }
  }

  /** The document for an error of a request. */
  static Problem of(KeyValueException error, HttpServletRequest request) {
    return of(error, new Origin(RequestGate.originalPath(request), requestId(request)));
  }

  private static Problem of(KeyValueException error, Origin origin) {
    ErrorCode code = error.code();
    Long revision = error.currentRevision();
    return new Problem(
        TYPE + code,
        code.title(),
        code.status(),
        error.getMessage(),
        origin.path(),
        code.name(),
        origin.requestId() == null ? random() : origin.requestId(),
        revision == null || revision == 0 ? null : EntityTags.raw(revision),
        error.field(),
        error.limit());
  }

  /** The answer for an error of a request. */
  static Response response(KeyValueException error, HttpServletRequest request) {
    return response(error, new Origin(RequestGate.originalPath(request), requestId(request)));
  }

  /** The answer for an error of a request that is not at hand any more. */
  static Response response(KeyValueException error, Origin origin) {
    Problem problem = of(error, origin);
    Response.ResponseBuilder response =
        Response.status(problem.status())
            .type(MediaTypes.PROBLEM)
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
    String sent = sound(request.getHeader(Headers.REQUEST_ID));
    String id = sent == null ? random() : sent;
    request.setAttribute(ID, id);
    return id;
  }

  private static @Nullable String sound(@Nullable String sent) {
    return sent != null && sent.matches("[A-Za-z0-9._-]{1,64}") ? sent : null;
  }

  private static String random() {
    byte[] random = new byte[8];
    RANDOM.nextBytes(random);
    return HexFormat.of().formatHex(random);
  }
}
