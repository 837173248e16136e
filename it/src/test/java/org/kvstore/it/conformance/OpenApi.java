package org.kvstore.it.conformance;

import jakarta.json.JsonObject;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.kvstore.it.conformance.Exchanges.Seen;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.Service;

/**
 * The OpenAPI document as the service serves it. HEAD answers as GET does; what any path and any
 * method answers, and OPTIONS, are described in its introduction and not at each operation.
 */
record OpenApi(JsonObject document) {
  /** A single server has none. */
  private static final Pattern OF_CLUSTERS = Pattern.compile("/v1/cluster|/v1/admin/cluster/.*");

  private static final Pattern OURS = Pattern.compile("/v1/.*|/put|/get|/delete");
  private static final String JSON = "application/json";
  private static final Set<String> METHODS = Set.of("get", "put", "post", "delete", "patch");

  static OpenApi of(Service service) {
    return new OpenApi(service.get("/openapi").header("Accept", JSON).send().expect(200).json());
  }

  /** Answers that are not in the document. */
  List<String> undeclared(Collection<Seen> seen) {
    return seen.stream()
        .filter(answer -> OURS.matcher(answer.path()).matches())
        .filter(answer -> !answer.method().equals("OPTIONS") && !isDeclared(answer))
        .map(Seen::toString)
        .sorted()
        .toList();
  }

  /** How a JSON answer differs from the schema that the document has for it. */
  List<String> faults(Answer answer) {
    String[] line = answer.request().split(" ");
    String template = template(line[1].split("\\?", 2)[0]).orElseThrow();
    JsonObject response =
        paths()
            .getJsonObject(template)
            .getJsonObject(line[0].toLowerCase(Locale.ROOT))
            .getJsonObject("responses")
            .getJsonObject(Integer.toString(answer.status()));
    JsonObject schema =
        resolved(response).getJsonObject("content").getJsonObject(JSON).getJsonObject("schema");
    return new Schema(document, schema).faults(answer.json());
  }

  /** Operations of the document that answered nothing. */
  List<String> unused(Collection<Seen> seen) {
    return paths().keySet().stream()
        .filter(template -> !OF_CLUSTERS.matcher(template).matches())
        .flatMap(
            template ->
                METHODS.stream()
                    .filter(method -> paths().getJsonObject(template).containsKey(method))
                    .filter(method -> seen.stream().noneMatch(a -> isOf(a, template, method)))
                    .map(method -> method + " " + template))
        .sorted()
        .toList();
  }

  private boolean isOf(Seen answer, String template, String method) {
    return method(answer).equals(method)
        && answer.status() < 300
        && template(answer.path()).filter(template::equals).isPresent();
  }

  private boolean isDeclared(Seen answer) {
    Optional<String> template = template(answer.path());
    if (template.isEmpty()) {
      return answer.status() == 404 || answer.status() == 400;
    }
    JsonObject operations = paths().getJsonObject(template.get());
    JsonObject operation = operations.getJsonObject(method(answer));
    if (answer.status() == 405) {
      return operation == null || answer.method().equals("HEAD");
    }
    if (operation == null) {
      return false;
    }
    JsonObject response =
        operation.getJsonObject("responses").getJsonObject(Integer.toString(answer.status()));
    return response != null && hasMediaType(resolved(response), answer);
  }

  private static boolean hasMediaType(JsonObject response, Seen answer) {
    if (answer.mediaType().isEmpty()) {
      return answer.method().equals("HEAD") || !response.containsKey("content");
    }
    JsonObject content = response.getJsonObject("content");
    return content != null
        && (content.containsKey("*/*") || content.containsKey(answer.mediaType()));
  }

  private JsonObject resolved(JsonObject response) {
    String reference = response.getString("$ref", "");
    return reference.isEmpty()
        ? response
        : document.getValue(reference.substring(1)).asJsonObject();
  }

  private Optional<String> template(String path) {
    if (paths().containsKey(path)) {
      return Optional.of(path);
    }
    return paths().keySet().stream()
        .filter(template -> template.contains("{"))
        .filter(
            template ->
                path.matches(template.replace("{key}", ".+").replaceAll("\\{\\w+}", "[^/]+")))
        .findFirst();
  }

  private static String method(Seen answer) {
    return answer.method().equals("HEAD") ? "get" : answer.method().toLowerCase(Locale.ROOT);
  }

  private JsonObject paths() {
    return document.getJsonObject("paths");
  }
}
