package org.kvstore.server.api;

import java.util.regex.Pattern;
import org.kvstore.server.model.KeyValueException;

/** What a media type of a value looks like (RFC 9110 section 8.3.1). */
final class MediaTypeRule {
  private static final int MAX_LENGTH = 256;
  private static final Pattern VALID =
      Pattern.compile(
          "{token}/{token}([ \\t]*;[ \\t]*{token}=({token}|\"([ !#-\\[\\]-~]|\\\\[ -~])*\"))*"
              .replace("{token}", "[\\w!#$%&'*+.^`|~-]+"));

  private MediaTypeRule() {}

  /**
   * The media type, as it is.
   *
   * @throws KeyValueException REQUEST_INVALID, naming the field
   */
  static String checked(String field, String type) {
    if (type.length() > MAX_LENGTH || !VALID.matcher(type).matches()) {
      throw KeyValueException.invalid(field, "It is a media type of at most 256 characters.")
          .withLimit(MAX_LENGTH);
    }
    return type;
  }
}
