package org.kvstore.it.support;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import jakarta.json.JsonReader;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.kvstore.api.ErrorCode;

/**
 * One HTTP answer, as it arrived.
 *
 * @param request the request line, for messages
 * @param status status code
 * @param headers header fields by lower-case name, each with its values in order
 * @param body the body's bytes, without the framing
 */
public record Answer(String request, int status, Map<String, List<String>> headers, byte[] body) {

  /** The only value of a header; fails when there is none or more than one. */
  public String header(String name) {
    List<String> values = headers.getOrDefault(name.toLowerCase(java.util.Locale.ROOT), List.of());
    assertThat(values).as("%s of %s", name, this).hasSize(1);
    return values.get(0);
  }

  /** The first value of a header, if there is one. */
  public Optional<String> findHeader(String name) {
    return headers.getOrDefault(name.toLowerCase(java.util.Locale.ROOT), List.of()).stream()
        .findFirst();
  }

  /** The entity tag. */
  public String etag() {
    return header("ETag");
  }

  /** The revision of the entry. */
  public long revision() {
    return Long.parseLong(header("KV-Mod-Revision"));
  }

  /** The body as UTF-8. */
  public String text() {
    return new String(body, StandardCharsets.UTF_8);
  }

  /** The body as a JSON object. */
  public JsonObject json() {
    return json(text());
  }

  /** A text as a JSON object. */
  public static JsonObject json(String text) {
    try (JsonReader reader = Json.createReader(new StringReader(text))) {
      return reader.readObject();
    }
  }

  /** Checks the status. */
  public Answer expect(int expected) {
    assertThat(status).as("status of %s", this).isEqualTo(expected);
    return this;
  }

  /** Checks that this is the problem document of an error, complete and nothing else. */
  public Answer expect(ErrorCode code) {
    expect(code.status());
    return expectProblem(code);
  }

  private Answer expectProblem(ErrorCode code) {
    assertThat(header("Content-Type")).as("%s", this).isEqualTo("application/problem+json");
    JsonObject problem = json();
    assertThat(problem.getString("code", "")).as("code of %s", this).isEqualTo(code.name());
    assertThat(problem.getInt("status", 0)).as("status in %s", this).isEqualTo(status);
    assertThat(problem.getString("type", ""))
        .as("type of %s", this)
        .isEqualTo("urn:kvstore:problem:" + code);
    for (String member : List.of("title", "detail", "requestId")) {
      assertThat(problem.getString(member, "")).as("%s of %s", member, this).isNotBlank();
    }
    return this;
  }

  @Override
  public String toString() {
    String shown = text();
    return "%s -> %d %s %s"
        .formatted(
            request, status, headers, shown.length() > 300 ? shown.substring(0, 300) : shown);
  }
}
