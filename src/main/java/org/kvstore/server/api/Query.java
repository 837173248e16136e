package org.kvstore.server.api;

import jakarta.servlet.http.HttpServletRequest;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.kvstore.server.model.Consistency;
import org.kvstore.server.model.KeyValueException;

/**
 * The parameters of a query or form, read strictly: a name that the endpoint does not know, a name
 * given twice and a value out of its range are errors, so that a slip never changes what a request
 * means.
 */
final class Query {
  static final String CONSISTENCY = "consistency";

  private final Map<String, String> values;

  private Query(Map<String, String> values) {
    this.values = values;
  }

  /**
   * Reads the query of a request.
   *
   * @throws KeyValueException REQUEST_INVALID, naming the parameter
   */
  static Query of(HttpServletRequest request, Set<String> known) {
    return parse(RequestGate.originalQuery(request), known);
  }

  /** Reads a query or the body of a form. */
  static Query parse(@Nullable String raw, Set<String> known) {
    if (raw == null || raw.isEmpty()) {
      return new Query(Map.of());
    }
    Map<String, String> values = new HashMap<>();
    for (String pair : raw.split("&", -1)) {
      if (!pair.isEmpty()) {
        int equals = pair.indexOf('=');
        String name = decode(equals < 0 ? pair : pair.substring(0, equals));
        String value = equals < 0 ? "" : decode(pair.substring(equals + 1));
        if (!known.contains(name)) {
          throw KeyValueException.invalid(
              name,
              known.isEmpty()
                  ? "There are no parameters here."
                  : "There is no such parameter here; known are " + String.join(", ", known) + ".");
        }
        if (values.put(name, value) != null) {
          throw KeyValueException.invalid(name, "The parameter is given more than once.");
        }
      }
    }
    return new Query(values);
  }

  /** Whether a parameter is given. */
  boolean has(String name) {
    return values.containsKey(name);
  }

  /** A parameter's value, or null. */
  @Nullable String text(String name) {
    return values.get(name);
  }

  /** A parameter that must be given. */
  String required(String name) {
    String value = values.get(name);
    if (value == null) {
      throw KeyValueException.invalid(name, "The parameter is required.");
    }
    return value;
  }

  /** A switch: on when given bare or as true. */
  boolean flag(String name) {
    String value = values.getOrDefault(name, "false");
    return switch (value) {
      case "", "true" -> true;
      case "false" -> false;
      default -> throw KeyValueException.invalid(name, "It is true or false.");
    };
  }

  /** A whole number within bounds. */
  long number(String name, long otherwise, long least, long most) {
    String value = values.get(name);
    if (value == null) {
      return otherwise;
    }
    if (value.matches("[0-9]{1,18}")) {
      long number = Long.parseLong(value);
      if (number >= least && number <= most) {
        return number;
      }
    }
    throw KeyValueException.invalid(
            name, "It is a whole number from %d to %d.".formatted(least, most))
        .withLimit(most);
  }

  /** One of several words. */
  String choice(String name, String otherwise, Set<String> allowed) {
    String value = values.getOrDefault(name, otherwise);
    if (!allowed.contains(value)) {
      throw KeyValueException.invalid(name, "It is one of " + String.join(", ", allowed) + ".");
    }
    return value;
  }

  /** A duration above zero, or null. */
  @Nullable Duration duration(String name) {
    String value = values.get(name);
    return value == null ? null : OperationReader.duration(name, value);
  }

  private static String decode(String raw) {
    try {
      return PercentEncoding.decode(raw, true);
    } catch (IllegalArgumentException e) {
      throw KeyValueException.invalid("query", "The query is malformed. " + e.getMessage());
    }
  }

  /** What a read is to see; everything acknowledged before it, unless the query says otherwise. */
  Consistency consistency() {
    return choice(CONSISTENCY, "linearizable", Set.of("linearizable", "local")).equals("local")
        ? Consistency.LOCAL
        : Consistency.LINEARIZABLE;
  }
}
