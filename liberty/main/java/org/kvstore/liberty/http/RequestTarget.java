package org.kvstore.liberty.http;

/**
 * Decides which request targets Liberty may dispatch. It refuses what Liberty would answer with an
 * HTML page before any application sees it, and what would make it choose the wrong application:
 *
 * <ul>
 *   <li>a character that RFC 3986 does not allow at all: a control, a blank or a byte above 0x7E;
 *   <li>{@code %} without two hexadecimal digits, or that encodes a control character;
 *   <li>a {@code .} or {@code ..} segment, however it is encoded, also one with {@code ;} after the
 *       dots, and a segment of nothing before {@code ;} that another follows: once Liberty has
 *       dropped what is after the {@code ;}, it refuses the path;
 *   <li>{@code ;} outside {@code /v1/}: Liberty's cache of request paths drops it, so that {@code
 *       /openapi;x} would be remembered as the owner of {@code /openapi}.
 * </ul>
 */
final class RequestTarget {
  private static final int ESCAPE = 3;
  private static final int HEX = 16;
  private static final char DELETE = 0x7f;

  private RequestTarget() {}

  /** Takes a path as it was sent, without the query. */
  static boolean isDispatchable(String path) {
    Segment segment = new Segment();
    int length = path.length();
    for (int i = 0; i < length; ) {
      char character = path.charAt(i);
      int width = 1;
      if (character == '%') {
        int value = escaped(path, i);
        if (value < ' ' || value == DELETE) {
          return false;
        }
        character = (char) value;
        width = ESCAPE;
      } else if (!isVisible(character)) {
        return false;
      } else if (character == ';' && !path.startsWith("/v1/")) {
        return false;
      }
      if (character == '/') {
        if (segment.isDots() || segment.isParameters()) {
          return false;
        }
        segment = new Segment();
      } else {
        segment.add(character);
      }
      i += width;
    }
    return !segment.isDots();
  }

  /** Whether a query has nothing but characters that may stand in a URI or are visible at least. */
  static boolean isVisible(String query) {
    return query.chars().allMatch(RequestTarget::isVisible);
  }

  private static boolean isVisible(int character) {
    return character > ' ' && character < DELETE;
  }

  /** What Liberty takes a segment for: a name, and parameters after the first {@code ;}. */
  private static final class Segment {
    private int name;
    private boolean onlyDots = true;
    private boolean hasParameters;

    void add(char character) {
      hasParameters |= character == ';';
      if (!hasParameters) {
        name++;
        onlyDots &= character == '.';
      }
    }

    boolean isDots() {
      return onlyDots && (name == 1 || name == 2);
    }

    boolean isParameters() {
      return name == 0 && hasParameters;
    }
  }

  /** Whether each {@code %} of a query is followed by two hexadecimal digits. */
  static boolean isEscaped(String query) {
    for (int i = query.indexOf('%'); i >= 0; i = query.indexOf('%', i + ESCAPE)) {
      if (escaped(query, i) < 0) {
        return false;
      }
    }
    return true;
  }

  /** The value of the escape at {@code start}, or -1 when it is none. */
  private static int escaped(String path, int start) {
    if (start + ESCAPE > path.length()) {
      return -1;
    }
    int high = Character.digit(path.charAt(start + 1), HEX);
    int low = Character.digit(path.charAt(start + 2), HEX);
    return high < 0 || low < 0 ? -1 : high * HEX + low;
  }
}
