package org.kvstore.server.api;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.ws.rs.core.HttpHeaders;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.api.Headers;
import org.kvstore.api.MediaTypes;
import org.kvstore.api.Problem;
import org.kvstore.server.model.KeyValueException;

/** Makes the problem documents of RFC 9457 that every error is answered with. */
final class Problems {
  private static final String TYPE = "urn:kvstore:problem:";
  private static final String CHALLENGE = "Bearer realm=\"kvstore\"";
  private static final int RETRY_SECONDS = 1;
  private static final SecureRandom RANDOM = new SecureRandom();

  private Problems() {}

  /**
   * What a problem says about its request. It is read before the request goes on without its
   * thread, as the request that a resource holds is a proxy that means nothing on another.
   *
   * @param path as the client sent it
   * @param requestId the client's own id of the request, if it sent a sound one
   */
  record Origin(String path, @Nullable String requestId) {
    static Origin of(HttpServletRequest request) {
      Exchange exchange = Exchange.find(request);
      String given = exchange == null ? null : exchange.requestId();
      return new Origin(
          RequestGate.originalPath(request),
          given == null ? sound(request.getHeader(Headers.REQUEST_ID)) : given);
    }

    /** The id that a request has from now on in problems and elsewhere. */
    static String nameFor(HttpServletRequest request) {
      String id = sound(request.getHeader(Headers.REQUEST_ID));
      return id == null ? random() : id;
    }

    /** With an id in any case, so that the log and the answer name the same. */
    Origin named() {
      return requestId == null ? new Origin(path, random()) : this;
    }
  }

  /** The answer for an error of a request, which need not be at hand any more. */
  static Reply reply(KeyValueException error, Origin origin) {
    String sent = origin.requestId();
    String requestId = sent == null ? random() : sent;
    Problem problem = document(error, origin.path(), requestId);
    Reply.Builder reply = Reply.status(problem.status()).header(Headers.REQUEST_ID, requestId);
    if (problem.etag() != null) {
      reply.header(HttpHeaders.ETAG, problem.etag());
    }
    if (error.code() == ErrorCode.UNAUTHENTICATED) {
      reply.header(HttpHeaders.WWW_AUTHENTICATE, CHALLENGE);
    }
    if (isTemporary(error.code())) {
      reply.header(
          HttpHeaders.RETRY_AFTER, Objects.requireNonNullElse(error.retryAfter(), RETRY_SECONDS));
    }
    return reply.build(Documents.json(problem), MediaTypes.PROBLEM);
  }

  private static Problem document(KeyValueException error, String path, String requestId) {
    ErrorCode code = error.code();
    Long revision = error.currentRevision();
    return new Problem(
        TYPE + code,
        code.title(),
        code.status(),
        error.getMessage(),
        path,
        code.name(),
        requestId,
        revision == null || revision == 0 ? null : EntityTags.raw(revision),
        error.field(),
        error.limit(),
        error.operation());
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

  private static @Nullable String sound(@Nullable String sent) {
    return sent != null && sent.matches("[A-Za-z0-9._-]{1,64}") ? sent : null;
  }

  private static String random() {
    byte[] random = new byte[8];
    RANDOM.nextBytes(random);
    return HexFormat.of().formatHex(random);
  }
}
