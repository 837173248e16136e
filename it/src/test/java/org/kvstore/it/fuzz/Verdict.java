package org.kvstore.it.fuzz;

import jakarta.json.JsonException;
import jakarta.json.JsonObject;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.kvstore.it.support.Answer;

/** What is wrong with an answer. */
final class Verdict {
  private static final Set<Integer> SERVER_ERRORS_TO_EXPECT = Set.of(501, 503, 505);
  private static final List<String> MEMBERS =
      List.of("type", "title", "detail", "instance", "code", "requestId");

  private static final Pattern PAGE = Pattern.compile("(?i)\\s*<(!doctype|html)");

  private Verdict() {}

  /**
   * Judges an answer: no error of the server's own, no page of HTML, and every error a problem.
   * What is no HTTP the container may refuse without a word.
   */
  static Optional<String> of(FuzzedRequest request, Answer answer) {
    int status = answer.status();
    if (status >= 500 && !SERVER_ERRORS_TO_EXPECT.contains(status)) {
      return Optional.of("an error of the server");
    }
    if (isPage(answer)) {
      return Optional.of("a page");
    }
    if (status < 400 || request.isHead()) {
      return Optional.empty();
    }
    if (answer.body().length == 0) {
      return request.isSound() ? Optional.of("an error without a problem") : Optional.empty();
    }
    return isProblem(answer) ? Optional.empty() : Optional.of("an error that is no problem");
  }

  private static boolean isPage(Answer answer) {
    return answer.findHeader("Content-Type").orElse("").contains("html")
        || PAGE.matcher(answer.text()).lookingAt();
  }

  private static boolean isProblem(Answer answer) {
    if (!answer.findHeader("Content-Type").equals(Optional.of("application/problem+json"))) {
      return false;
    }
    try {
      JsonObject problem = answer.json();
      return problem.getInt("status", 0) == answer.status()
          && MEMBERS.stream().noneMatch(member -> problem.getString(member, "").isBlank());
    } catch (JsonException malformed) {
      return false;
    }
  }
}
