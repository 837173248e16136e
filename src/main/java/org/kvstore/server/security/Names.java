package org.kvstore.server.security;

import java.util.regex.Pattern;
import org.kvstore.server.model.KeyValueException;

/** The names of subjects and groups. */
final class Names {
  private static final int MAX_LENGTH = 200;
  private static final Pattern VALID =
      Pattern.compile("[\\p{L}\\p{N}][^\\p{Cntrl}]{0," + (MAX_LENGTH - 1) + "}");

  private Names() {}

  /** Whether a name can be one of a subject or a group. */
  static boolean isValid(String name) {
    return VALID.matcher(name).matches();
  }

  /**
   * The name.
   *
   * @throws KeyValueException REQUEST_INVALID, naming the property
   */
  static String checked(String property, String name) {
    if (!isValid(name)) {
      throw KeyValueException.invalid(
              property,
              "It begins with a letter or a digit and has at most %d characters, none of them a"
                      .formatted(MAX_LENGTH)
                  + " control character.")
          .withLimit(MAX_LENGTH);
    }
    return name;
  }
}
