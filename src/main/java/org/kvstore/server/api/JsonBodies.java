package org.kvstore.server.api;

import com.fasterxml.jackson.core.JsonParser;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.kvstore.server.model.KeyValueException;

/** Reads bodies that are one small JSON object of scalar properties. */
final class JsonBodies {
  private JsonBodies() {}

  /**
   * The properties of a body.
   *
   * @throws KeyValueException REQUEST_INVALID, naming the property that is not known
   */
  static Map<String, String> read(HttpServletRequest request, int maxBytes, Set<String> known)
      throws IOException {
    byte[] body = Bodies.read(request, maxBytes, "body").toArray();
    Map<String, String> properties = new HashMap<>();
    try (JsonParser json = Json.parser(body, 0, body.length)) {
      json.nextToken();
      OperationReader.properties(json, properties);
      if (json.nextToken() != null) {
        throw KeyValueException.invalid("body", "Something follows the JSON object.");
      }
    } catch (IOException e) {
      throw Json.malformed("body", e);
    }
    for (String name : properties.keySet()) {
      if (!known.contains(name)) {
        throw KeyValueException.invalid(
            name, "There is no such property here; known are " + String.join(", ", known) + ".");
      }
    }
    return properties;
  }

  /** The one property that a body has. */
  static String required(HttpServletRequest request, int maxBytes, String name) throws IOException {
    return OperationReader.required(read(request, maxBytes, Set.of(name)), name);
  }
}
