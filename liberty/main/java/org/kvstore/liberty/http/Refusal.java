package org.kvstore.liberty.http;

import org.jspecify.annotations.Nullable;

/**
 * Why a request is answered here and not dispatched.
 *
 * @param code the kind of problem
 * @param detail what is wrong with this request
 * @param allow the methods that the path has, when the method is what is wrong
 */
record Refusal(Code code, String detail, @Nullable String allow) {
  /** Those of the application's error codes that can be told from a request's first lines. */
  enum Code {
    KEY_INVALID(400, "The key is not valid"),
    REQUEST_INVALID(400, "The request is not valid"),
    FORBIDDEN(403, "Not permitted"),
    NOT_FOUND(404, "Not found"),
    METHOD_NOT_ALLOWED(405, "The method is not allowed here"),
    NOT_ACCEPTABLE(406, "No acceptable representation");

    private final int status;
    private final String title;

    Code(int status, String title) {
      this.status = status;
      this.title = title;
    }

    int status() {
      return status;
    }

    String title() {
      return title;
    }
  }

  static Refusal of(Code code, String detail) {
    return new Refusal(code, detail, null);
  }

  /**
   * The problem document, with the members that the application's own have.
   *
   * @param instance the path as the client sent it, whatever characters it has
   * @param requestId an id of letters, digits and punctuation that JSON need not escape
   */
  String problem(String instance, String requestId) {
    return """
        {"type":"urn:kvstore:problem:%1$s","title":"%2$s","status":%3$d,"detail":"%4$s",\
        "instance":"%5$s","code":"%1$s",%7$s"requestId":"%6$s"}"""
        .formatted(
            code,
            code.title(),
            code.status(),
            detail,
            escaped(instance),
            requestId,
            code == Code.KEY_INVALID ? "\"field\":\"key\"," : "");
  }

  private static String escaped(String text) {
    StringBuilder escaped = new StringBuilder(text.length());
    for (int i = 0; i < text.length(); i++) {
      char character = text.charAt(i);
      if (character < ' ') {
        escaped.append("\\u%04x".formatted((int) character));
      } else if (character == '"' || character == '\\') {
        escaped.append('\\').append(character);
      } else {
        escaped.append(character);
      }
    }
    return escaped.toString();
  }
}
