package org.kvstore.api;

import java.util.Optional;

/**
 * What a key may be: 1..{@value #MAX_BYTES} bytes of UTF-8, no control characters, no {@code .} or
 * {@code ..} segment and no empty segment (so no leading, trailing or doubled {@code /}). Anything
 * else is allowed. This is the one validator of both sides and of every endpoint.
 */
public final class KeyRules {
  /** Longest key, in bytes of UTF-8. */
  public static final int MAX_BYTES = 1024;

  private KeyRules() {}

  /**
   * Says what is wrong with a key.
   *
   * @param key any text; unpaired surrogates are a violation, as they have no UTF-8 form
   * @return a sentence that names the broken rule, or empty when the key is valid
   */
  public static Optional<String> violation(String key) {
    if (key.isEmpty()) {
      return Optional.of("A key has at least 1 byte.");
    }
    if (key.length() > MAX_BYTES) {
      return tooLong();
    }
    int bytes = 0;
    int segmentStart = 0;
    int length = key.length();
    for (int i = 0; i < length; ) {
      int codePoint = key.codePointAt(i);
      if (Character.isISOControl(codePoint)) {
        return Optional.of(
            "A key has no control characters; U+%04X at index %d is one.".formatted(codePoint, i));
      }
      if (codePoint >= Character.MIN_SURROGATE && codePoint <= Character.MAX_SURROGATE) {
        return Optional.of(
            "A key is valid Unicode; index %d is an unpaired surrogate.".formatted(i));
      }
      if (codePoint == '/') {
        if (isForbiddenSegment(key, segmentStart, i)) {
          return forbiddenSegment();
        }
        segmentStart = i + 1;
      }
      bytes += utf8Length(codePoint);
      i += Character.charCount(codePoint);
    }
    if (isForbiddenSegment(key, segmentStart, length)) {
      return forbiddenSegment();
    }
    return bytes > MAX_BYTES ? tooLong() : Optional.empty();
  }

  private static boolean isForbiddenSegment(String key, int start, int end) {
    return switch (end - start) {
      case 0 -> true;
      case 1 -> key.charAt(start) == '.';
      case 2 -> key.charAt(start) == '.' && key.charAt(start + 1) == '.';
      default -> false;
    };
  }

  private static int utf8Length(int codePoint) {
    if (codePoint < 0x80) {
      return 1;
    }
    if (codePoint < 0x800) {
      return 2;
    }
    return codePoint < 0x10000 ? 3 : 4;
  }

  private static Optional<String> forbiddenSegment() {
    return Optional.of(
        "A key has no empty, '.' or '..' segment, so no leading, trailing or doubled '/'.");
  }

  private static Optional<String> tooLong() {
    return Optional.of("A key has at most " + MAX_BYTES + " bytes of UTF-8.");
  }
}
