package org.kvstore.server.api;

import jakarta.json.Json;
import jakarta.json.JsonArray;
import jakarta.json.JsonObject;
import jakarta.json.JsonString;
import jakarta.json.JsonValue;
import jakarta.json.stream.JsonParser;
import jakarta.json.stream.JsonParserFactory;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.io.StringReader;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.kvstore.server.model.KeyValueException;

/** Reads bodies that are one small JSON object, strictly: what is not known is an error. */
final class JsonObjects {
  private static final JsonParserFactory JSON = Json.createParserFactory(Map.of());

  private JsonObjects() {}

  /**
   * The object of a body.
   *
   * @throws KeyValueException REQUEST_INVALID, naming the property that is not known
   */
  static JsonObject read(HttpServletRequest request, int maxBytes, Set<String> known)
      throws IOException {
    return parse(Bodies.readText(request, maxBytes), known);
  }

  /** The same of a text that has been read. */
  static JsonObject parse(String json, Set<String> known) {
    JsonObject object = parse(json);
    for (String name : object.keySet()) {
      if (!known.contains(name)) {
        throw KeyValueException.invalid(
            name, "There is no such property here; known are " + String.join(", ", known) + ".");
      }
    }
    return object;
  }

  /** Exactly one object: JSON-B would ignore what comes after it. */
  static JsonObject parse(String json) {
    try (JsonParser parser = JSON.createParser(new StringReader(json))) {
      if (parser.hasNext() && parser.next() == JsonParser.Event.START_OBJECT) {
        JsonObject object = parser.getObject();
        if (!parser.hasNext()) {
          return object;
        }
      }
    } catch (RuntimeException malformed) {
      // Reported below.
    }
    throw KeyValueException.invalid("body", "The body is a JSON object.");
  }

  /** A text, or null when there is none. */
  static @Nullable String text(JsonObject object, String name) {
    JsonValue value = object.getOrDefault(name, JsonValue.NULL);
    if (value == JsonValue.NULL) {
      return null;
    }
    if (value instanceof JsonString text) {
      return text.getString();
    }
    throw KeyValueException.invalid(name, "The property is a text.");
  }

  /** A text that must be given. */
  static String required(JsonObject object, String name) {
    String text = text(object, name);
    if (text == null) {
      throw KeyValueException.invalid(name, "The property is required.");
    }
    return text;
  }

  /** A list of texts, in their order; empty when there is none. */
  static Set<String> texts(JsonObject object, String name) {
    JsonValue value = object.getOrDefault(name, JsonValue.EMPTY_JSON_ARRAY);
    Set<String> texts = new LinkedHashSet<>();
    if (value instanceof JsonArray array) {
      for (JsonValue element : array) {
        if (!(element instanceof JsonString text)) {
          throw KeyValueException.invalid(name, "The property is a list of texts.");
        }
        texts.add(text.getString());
      }
      return texts;
    }
    throw KeyValueException.invalid(name, "The property is a list of texts.");
  }
}
