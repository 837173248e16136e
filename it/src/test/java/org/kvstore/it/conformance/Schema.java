package org.kvstore.it.conformance;

import jakarta.json.JsonArray;
import jakarta.json.JsonNumber;
import jakarta.json.JsonObject;
import jakarta.json.JsonString;
import jakarta.json.JsonValue;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * A schema of the OpenAPI document, with as much of JSON Schema as the documents of a cluster take.
 * A property that it does not name is a fault.
 */
record Schema(JsonObject document, JsonObject schema) {
  private static final Set<String> UNDERSTOOD =
      Set.of(
          "$ref",
          "type",
          "properties",
          "required",
          "items",
          "enum",
          "format",
          "description",
          "minimum",
          "examples");

  /** What is wrong with a value, each with where it is. */
  List<String> faults(JsonValue value) {
    List<String> faults = new ArrayList<>();
    check("", schema, value, faults);
    return faults;
  }

  private void check(String at, JsonObject of, JsonValue value, List<String> faults) {
    if (!UNDERSTOOD.containsAll(of.keySet())) {
      throw new IllegalArgumentException("a schema of another kind: " + of.keySet());
    }
    String reference = of.getString("$ref", "");
    if (!reference.isEmpty()) {
      check(at, document.getValue(reference.substring(1)).asJsonObject(), value, faults);
      return;
    }
    if (!isOfType(of.getString("type"), value)) {
      faults.add("%s is no %s: %s".formatted(at, of.getString("type"), value));
    } else if (value instanceof JsonObject object) {
      checkProperties(at, of, object, faults);
    } else if (value instanceof JsonArray array) {
      for (int i = 0; i < array.size(); i++) {
        check(at + "/" + i, of.getJsonObject("items"), array.get(i), faults);
      }
    } else if (of.containsKey("enum") && !of.getJsonArray("enum").contains(value)) {
      faults.add("%s is none of %s: %s".formatted(at, of.getJsonArray("enum"), value));
    }
  }

  private void checkProperties(String at, JsonObject of, JsonObject object, List<String> faults) {
    JsonObject properties = of.getJsonObject("properties");
    object.forEach(
        (name, value) -> {
          if (properties.containsKey(name)) {
            check(at + "/" + name, properties.getJsonObject(name), value, faults);
          } else {
            faults.add("%s/%s is not in the schema".formatted(at, name));
          }
        });
    if (of.containsKey("required")) {
      of.getJsonArray("required").getValuesAs(JsonString::getString).stream()
          .filter(name -> !object.containsKey(name))
          .forEach(name -> faults.add("%s/%s is missing".formatted(at, name)));
    }
  }

  private static boolean isOfType(String type, JsonValue value) {
    return switch (type) {
      case "object" -> value instanceof JsonObject;
      case "array" -> value instanceof JsonArray;
      case "string" -> value instanceof JsonString;
      case "integer" -> value instanceof JsonNumber number && number.isIntegral();
      case "number" -> value instanceof JsonNumber;
      case "boolean" -> value.equals(JsonValue.TRUE) || value.equals(JsonValue.FALSE);
      default -> throw new IllegalArgumentException("a schema of type " + type);
    };
  }
}
