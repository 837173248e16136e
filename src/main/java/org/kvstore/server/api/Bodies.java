package org.kvstore.server.api;

import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.io.InputStream;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.KeyValueException;

/** Reads request bodies within a limit. */
final class Bodies {
  private Bodies() {}

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
    InputStream in = request.getInputStream();
    byte[] body = length >= 0 ? in.readNBytes((int) length) : in.readNBytes(limit + 1);
    if (body.length > limit) {
      throw tooLarge(field, limit);
    }
    if (length > body.length) {
      throw KeyValueException.of(
          ErrorCode.REQUEST_INVALID, "The body is shorter than its Content-Length.");
    }
    return Bytes.takeOver(body);
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
