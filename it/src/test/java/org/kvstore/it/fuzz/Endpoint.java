package org.kvstore.it.fuzz;

import jakarta.json.JsonArray;
import jakarta.json.JsonObject;
import jakarta.json.JsonValue;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * An operation of the OpenAPI document.
 *
 * @param method in capitals
 * @param path with its parameters in braces
 * @param query names of the parameters
 * @param types media types of the body; none when there is no body
 */
record Endpoint(String method, String path, List<String> query, List<String> types) {
  private static final Set<String> METHODS = Set.of("get", "put", "post", "delete", "patch");

  static List<Endpoint> of(JsonObject document) {
    List<Endpoint> endpoints = new ArrayList<>();
    JsonObject paths = document.getJsonObject("paths");
    for (String path : paths.keySet()) {
      JsonObject operations = paths.getJsonObject(path);
      for (String method : operations.keySet()) {
        if (METHODS.contains(method)) {
          JsonObject operation = operations.getJsonObject(method);
          endpoints.add(
              new Endpoint(
                  method.toUpperCase(Locale.ROOT),
                  path,
                  query(operation, document),
                  types(operation)));
        }
      }
    }
    return endpoints;
  }

  @Override
  public String toString() {
    return method + " " + path;
  }

  private static List<String> query(JsonObject operation, JsonObject document) {
    JsonArray parameters = operation.getJsonArray("parameters");
    return parameters == null
        ? List.of()
        : parameters.getValuesAs(JsonObject.class).stream()
            .map(parameter -> resolved(parameter, document))
            .filter(parameter -> parameter.getString("in").equals("query"))
            .map(parameter -> parameter.getString("name"))
            .toList();
  }

  private static JsonObject resolved(JsonObject parameter, JsonObject document) {
    String reference = parameter.getString("$ref", "");
    return reference.isEmpty()
        ? parameter
        : document.getValue(reference.substring(1)).asJsonObject();
  }

  private static List<String> types(JsonObject operation) {
    JsonObject body = operation.getJsonObject("requestBody");
    JsonValue content = body == null ? null : body.get("content");
    return content == null ? List.of() : List.copyOf(content.asJsonObject().keySet());
  }
}
