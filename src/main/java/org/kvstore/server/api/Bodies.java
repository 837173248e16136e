package org.kvstore.server.api;

import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.Semaphore;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Limits;
import org.kvstore.server.security.Allowance;

/**
 * Reads request bodies within a limit.
 *
 * <p>Most bodies come with the head of their request, and are read at once, by the thread that has
 * the request. That thread waits for those that do not, for a bounded time. When as many wait as
 * may, {@link RequestGate} has a body received without a thread before it lets the request pass.
 */
final class Bodies {
  /** The methods of requests that have one. */
  static final Set<String> METHODS = Set.of("PUT", "POST", "PATCH");

  /** Where it is read as it comes, by a thread of those that are kept for it. */
  static final Set<String> STREAMED = Set.of("/v1/batch", "/v1/admin/restore");

  private static final String RECEIVED = "org.kvstore.body";

  /** Threads that may wait; the container's pool has about twice as many as there are CPUs. */
  private static final Semaphore WAITING =
      new Semaphore(Runtime.getRuntime().availableProcessors());

  private Bodies() {}

  /**
   * Lets this thread wait for a body, until that has been read or somebody says {@link #leave};
   * false when as many wait as may.
   *
   * @param most how long it may take to arrive
   */
  static boolean mayWait(Exchange exchange, Duration most) {
    boolean may = WAITING.tryAcquire();
    if (may) {
      exchange.waitsForBody(most);
    }
    return may;
  }

  /** Whether a body has come with the head of its request, so that nobody waits for it. */
  static boolean isThere(HttpServletRequest request) throws IOException {
    long length = request.getContentLengthLong();
    return length >= 0 && request.getInputStream().available() >= length;
  }

  /** This thread does not wait for a body any more, if it did. */
  static void leave(Exchange exchange) {
    if (exchange.waitsForBody()) {
      exchange.waitsForBody(null);
      WAITING.release();
    }
  }

  /** Leaves a body that was received for {@link #read}. */
  static void received(HttpServletRequest request, SlowBody body) {
    request.setAttribute(RECEIVED, body);
  }

  /** Whether the body has been received. */
  static boolean isReceived(HttpServletRequest request) {
    return request.getAttribute(RECEIVED) != null;
  }

  /** How long a body may be that is sent to a path; what reads it may allow less, never more. */
  static int limit(String path, Limits limits) {
    if (path.startsWith(RequestGate.KEYS)) {
      return limits.valueBytes();
    }
    return path.equals(SimpleResource.PUT)
        ? SimpleResource.bodyLimit(limits)
        : limits.transactionBytes();
  }

  /**
   * Reads a whole body. One that says that it is too long is refused before a byte of it is read;
   * one that does not say, once it has passed the limit.
   *
   * @param field what the body is, for the problem
   * @throws KeyValueException TOO_LARGE with the limit
   */
  static Bytes read(HttpServletRequest request, int limit, String field) throws IOException {
    long length = request.getContentLengthLong();
    if (length > limit) {
      throw tooLarge(field, limit);
    }
    SlowBody received = (SlowBody) request.getAttribute(RECEIVED);
    if (received != null && received.isCutOff()) {
      throw tooLarge(field, limit);
    }
    byte[] body =
        received != null ? received.take() : await(request, length >= 0 ? (int) length : limit + 1);
    Allowance allowance = Exchange.of(request).allowance();
    if (allowance != null && length < 0) {
      allowance.used(body.length);
    }
    if (body.length > limit) {
      throw tooLarge(field, limit);
    }
    if (length > body.length) {
      throw KeyValueException.of(
          ErrorCode.REQUEST_INVALID, "The body is shorter than its Content-Length.");
    }
    return Bytes.takeOver(body);
  }

  private static byte[] await(HttpServletRequest request, int most) throws IOException {
    Exchange exchange = Exchange.of(request);
    Duration wait = exchange.bodyWait();
    try {
      return new TimedInput(request.getInputStream(), wait).readNBytes(most);
    } catch (TimedInput.TooSlowException e) {
      throw tooSlow(wait);
    } finally {
      leave(exchange);
    }
  }

  /**
   * Requires that there is no body, without waiting for one.
   *
   * @param instead what to say instead
   * @throws KeyValueException REQUEST_INVALID when there is one
   */
  static void requireNone(HttpServletRequest request, String instead) {
    if (isExpected(request)) {
      throw KeyValueException.invalid("body", "It has no body; " + instead);
    }
  }

  /** Whether the head of a request says that a body follows. */
  static boolean isExpected(HttpServletRequest request) {
    return request.getContentLengthLong() > 0 || request.getHeader("Transfer-Encoding") != null;
  }

  /**
   * Reads a whole body as strict UTF-8.
   *
   * @throws KeyValueException REQUEST_INVALID when it is not UTF-8, TOO_LARGE
   */
  static String readText(HttpServletRequest request, int limit) throws IOException {
    byte[] body = read(request, limit, "body").toArray();
    try {
      return PercentEncoding.utf8(body, body.length);
    } catch (IllegalArgumentException e) {
      throw KeyValueException.invalid("body", "The body is not valid UTF-8.");
    }
  }

  /** The problem of a body that took longer to arrive than it may. */
  static KeyValueException tooSlow(Duration most) {
    return KeyValueException.of(
        ErrorCode.REQUEST_INVALID, TimedInput.TooSlowException.message(most));
  }

  private static KeyValueException tooLarge(String field, int limit) {
    return KeyValueException.of(
            ErrorCode.TOO_LARGE, "The %s has at most %d bytes.".formatted(field, limit))
        .withField(field)
        .withLimit(limit);
  }
}
