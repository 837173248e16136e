package org.kvstore.server.api;

import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicInteger;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.KeyValueException;

/**
 * Reads request bodies within a limit.
 *
 * <p>Most bodies come with the head of their request, and are read at once, by the thread that has
 * the request. That thread waits for those that do not. When several wait already, {@link
 * RequestGate} has a body received without a thread before it lets the request pass.
 */
final class Bodies {
  private static final String RECEIVED = "org.kvstore.body";

  /** The container's pool has about twice as many threads. */
  private static final int MOST_WAITING = Runtime.getRuntime().availableProcessors();

  private static final AtomicInteger READING = new AtomicInteger();

  private Bodies() {}

  /** Whether so many threads read bodies now that another should not. */
  static boolean areSlow() {
    return READING.get() >= MOST_WAITING;
  }

  /** Leaves a body that was received for {@link #read}. */
  static void received(HttpServletRequest request, byte[] body) {
    request.setAttribute(RECEIVED, body);
  }

  /** Whether the body has been received. */
  static boolean isReceived(HttpServletRequest request) {
    return request.getAttribute(RECEIVED) != null;
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
    byte[] body = bytes(request, length >= 0 ? (int) length : limit + 1);
    if (body.length > limit) {
      throw tooLarge(field, limit);
    }
    if (length > body.length) {
      throw KeyValueException.of(
          ErrorCode.REQUEST_INVALID, "The body is shorter than its Content-Length.");
    }
    return Bytes.takeOver(body);
  }

  private static byte[] bytes(HttpServletRequest request, int most) throws IOException {
    if (request.getAttribute(RECEIVED) instanceof byte[] received) {
      return received;
    }
    READING.incrementAndGet();
    try {
      return request.getInputStream().readNBytes(most);
    } finally {
      READING.decrementAndGet();
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

  private static KeyValueException tooLarge(String field, int limit) {
    return KeyValueException.of(
            ErrorCode.TOO_LARGE, "The %s has at most %d bytes.".formatted(field, limit))
        .withField(field)
        .withLimit(limit);
  }
}
