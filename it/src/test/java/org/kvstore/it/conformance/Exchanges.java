package org.kvstore.it.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.json.JsonObject;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.kvstore.api.ErrorCode;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.EventStream;
import org.kvstore.it.support.RawRequest;

/**
 * Sends requests and takes their answers in. Every error has the form that section 11 asks for, and
 * every answer is remembered for the comparison with the OpenAPI document.
 */
final class Exchanges {
  private static final Set<String> MEMBERS =
      Set.of(
          "type",
          "title",
          "status",
          "detail",
          "instance",
          "code",
          "requestId",
          "etag",
          "field",
          "limit",
          "operation");

  private final Set<Seen> seen = ConcurrentHashMap.newKeySet();

  /**
   * What an answer was, as far as the OpenAPI document knows it.
   *
   * @param mediaType without parameters; empty when there was none
   */
  record Seen(String method, String path, int status, String mediaType) {}

  /** Sends a request and checks the status of its answer. */
  Answer expect(int status, RawRequest request) {
    return send(request).expect(status);
  }

  /** Sends a request that has to be refused, and returns the problem. */
  JsonObject refuse(ErrorCode code, RawRequest request) {
    JsonObject problem = expect(code.status(), request).json();
    assertThat(problem.getString("code")).as("%s", problem).isEqualTo(code.name());
    return problem;
  }

  /** Sends a request. */
  Answer send(RawRequest request) {
    return take(request.send());
  }

  /** Opens an event stream. */
  EventStream watch(RawRequest request) {
    EventStream stream = EventStream.open(request);
    take(stream.head());
    return stream;
  }

  /** Takes in an answer that was read otherwise. */
  Answer take(Answer answer) {
    String[] line = answer.request().split(" ");
    String path = line[1].split("\\?", 2)[0];
    String type = answer.findHeader("Content-Type").orElse("");
    seen.add(
        new Seen(
            line[0],
            path,
            answer.status(),
            type.split(";", 2)[0].strip().toLowerCase(Locale.ROOT)));
    if (answer.status() >= 400 && !line[0].equals("HEAD")) {
      assertThat(type).as("%s", answer).isEqualTo("application/problem+json");
      JsonObject problem = problem(answer.json(), answer.status(), path);
      assertThat(problem.getString("requestId")).isEqualTo(answer.header("X-Request-Id"));
    }
    return answer;
  }

  /** Checks all members of a problem. */
  static JsonObject problem(JsonObject problem, int status, String path) {
    assertThat(MEMBERS).as("%s", problem).containsAll(problem.keySet());
    ErrorCode code = ErrorCode.valueOf(problem.getString("code"));
    assertThat(problem.getString("type")).isEqualTo("urn:kvstore:problem:" + code);
    assertThat(problem.getString("title")).isEqualTo(code.title());
    assertThat(problem.getInt("status")).as("%s", problem).isEqualTo(code.status());
    assertThat(code.status()).isEqualTo(status);
    assertThat(problem.getString("detail")).isNotBlank();
    assertThat(problem.getString("instance")).isEqualTo(path);
    assertThat(problem.getString("requestId")).isNotBlank();
    return problem;
  }

  /** What was seen so far. */
  Set<Seen> seen() {
    return Set.copyOf(seen);
  }
}
