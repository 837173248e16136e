package org.kvstore.server.api;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import org.kvstore.server.model.Bytes;

/**
 * Percent-encoding of RFC 3986, strict: an incomplete escape and bytes that are not UTF-8 are
 * errors, never replacement characters.
 */
final class PercentEncoding {
  private static final String UNRESERVED = "-._~/";
  private static final char[] HEX = "0123456789ABCDEF".toCharArray();

  private PercentEncoding() {}

  /**
   * Decodes a raw part of a request target. Characters above U+007F stand for the bytes that the
   * container received, one each.
   *
   * @param form whether {@code +} stands for a space, as in queries and forms
   * @throws IllegalArgumentException with a sentence for the client
   */
  static String decode(String raw, boolean form) {
    int length = raw.length();
    byte[] bytes = new byte[length];
    int size = 0;
    for (int i = 0; i < length; i++) {
      char c = raw.charAt(i);
      if (c == '%') {
        int high = i + 2 < length ? Character.digit(raw.charAt(i + 1), 16) : -1;
        int low = i + 2 < length ? Character.digit(raw.charAt(i + 2), 16) : -1;
        if (high < 0 || low < 0) {
          throw new IllegalArgumentException("A '%' is followed by two hexadecimal digits.");
        }
        bytes[size++] = (byte) (high << 4 | low);
        i += 2;
      } else if (c > 0xFF) {
        throw new IllegalArgumentException("Characters beyond ASCII are percent-encoded UTF-8.");
      } else {
        bytes[size++] = (byte) (form && c == '+' ? ' ' : c);
      }
    }
    return utf8(bytes, size);
  }

  /**
   * Reads UTF-8 strictly.
   *
   * @throws IllegalArgumentException with a sentence for the client
   */
  static String utf8(byte[] bytes, int size) {
    try {
      return StandardCharsets.UTF_8
          .newDecoder()
          .onMalformedInput(CodingErrorAction.REPORT)
          .decode(ByteBuffer.wrap(bytes, 0, size))
          .toString();
    } catch (CharacterCodingException e) {
      throw new IllegalArgumentException("The bytes are not valid UTF-8.", e);
    }
  }

  /** Encodes a key for a path: slashes stay, all but unreserved characters are escaped. */
  static String encodePath(Bytes utf8) {
    byte[] bytes = utf8.toArray();
    StringBuilder path = new StringBuilder(bytes.length + 16);
    for (byte b : bytes) {
      char c = (char) (b & 0xFF);
      if (c < 0x80 && (Character.isLetterOrDigit(c) || UNRESERVED.indexOf(c) >= 0)) {
        path.append(c);
      } else {
        path.append('%').append(HEX[c >> 4]).append(HEX[c & 0xF]);
      }
    }
    return path.toString();
  }
}
