package org.kvstore.server.api;

import jakarta.servlet.http.HttpServletRequest;
import java.util.Collections;
import java.util.HashSet;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.kvstore.server.model.Condition;
import org.kvstore.server.model.Condition.Tags;
import org.kvstore.server.model.KeyValueException;

/**
 * Entity tags (RFC 9110 section 8.8.3): {@code "42"} for the raw value of revision 42 and {@code
 * "42-entry"} for its JSON entry. Both name the same revision in a condition.
 */
final class EntityTags {
  private static final String ENTRY_SUFFIX = "-entry";
  private static final Pattern LIST =
      Pattern.compile("\\s*(W/)?\"([\\x21\\x23-\\x7E\\x80-\\xFF]*)\"\\s*(,|$)");
  private static final Pattern OURS = Pattern.compile("([0-9]{1,18})(" + ENTRY_SUFFIX + ")?");

  private EntityTags() {}

  /** The tag of a raw value. */
  static String raw(long revision) {
    return "\"" + revision + "\"";
  }

  /** The tag of a JSON entry. */
  static String entry(long revision) {
    return "\"" + revision + ENTRY_SUFFIX + "\"";
  }

  /**
   * The condition of a write. Weak tags never satisfy If-Match (RFC 9110 section 13.1.1).
   *
   * @throws KeyValueException REQUEST_INVALID when a header is malformed
   */
  static Condition condition(HttpServletRequest request) {
    Tags ifMatch = tags(request, "If-Match", ours -> true);
    Tags ifNoneMatch = tags(request, "If-None-Match", ours -> true);
    return ifMatch == null && ifNoneMatch == null
        ? Condition.NONE
        : new Condition(ifMatch, ifNoneMatch);
  }

  /**
   * The tags of If-None-Match, for a read of one representation; null without the header. A tag of
   * the other representation names a document that the client has not got.
   */
  static @Nullable Tags ifNoneMatch(HttpServletRequest request, boolean document) {
    return tags(request, "If-None-Match", ours -> (ours.group(2) != null) == document);
  }

  private static @Nullable Tags tags(
      HttpServletRequest request, String name, Predicate<Matcher> accepted) {
    if (request.getHeader(name) == null) {
      return null;
    }
    return parse(name, String.join(",", Collections.list(request.getHeaders(name))), accepted);
  }

  /**
   * The tags of a property in JSON: a header's text, or a revision without quotes; null for null.
   *
   * @throws KeyValueException REQUEST_INVALID, naming the property
   */
  static @Nullable Tags ofProperty(String name, @Nullable String text) {
    if (text == null) {
      return null;
    }
    String header = OURS.matcher(text).matches() ? '"' + text + '"' : text;
    return parse(name, header, ours -> true);
  }

  private static Tags parse(String name, String header, Predicate<Matcher> accepted) {
    if (header.strip().equals("*")) {
      return Tags.ANY;
    }
    Set<Long> revisions = new HashSet<>();
    Matcher matcher = LIST.matcher(header);
    int at = 0;
    while (at < header.length() && matcher.find(at) && matcher.start() == at) {
      Matcher ours = OURS.matcher(matcher.group(2));
      boolean strongEnough = matcher.group(1) == null || !name.equalsIgnoreCase("If-Match");
      if (ours.matches() && strongEnough && accepted.test(ours)) {
        revisions.add(Long.valueOf(ours.group(1)));
      }
      at = matcher.end();
    }
    if (at < header.length() || at == 0) {
      throw KeyValueException.invalid(
          name, "It is * or a list of quoted entity tags, such as \"42\".");
    }
    return new Tags(false, revisions);
  }
}
