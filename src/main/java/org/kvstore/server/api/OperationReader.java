package org.kvstore.server.api;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.Durations;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Condition;
import org.kvstore.server.model.Condition.Tags;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.KeyRange;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Limits;
import org.kvstore.server.service.Life;
import org.kvstore.server.service.OperationRequest;
import org.kvstore.server.service.WriteRequest;

/**
 * Reads the operations of batches and transactions. As strict as a query: a property that the
 * operation does not know, or that is given twice, is an error, so that a slip never changes what
 * is done.
 */
final class OperationReader {
  private static final String DEFAULT_TYPE = "application/octet-stream";
  private static final Map<String, Set<String>> KNOWN =
      Map.of(
          "put",
          Set.of(
              "op",
              "key",
              "value",
              "valueBase64",
              "contentType",
              "ttl",
              "expiresAt",
              "lease",
              "keepTtl",
              "ifMatch",
              "ifNoneMatch"),
          "get",
          Set.of("op", "key"),
          "delete",
          Set.of("op", "key", "ifMatch", "ifNoneMatch"),
          "list",
          Set.of("op", "prefix", "start", "end", "limit"));

  private final Map<String, String> properties = new HashMap<>();
  private final Limits limits;

  OperationReader(Limits limits) {
    this.limits = limits;
  }

  /**
   * Reads one operation.
   *
   * @param parser stands on the start of its object, and is left on the end of it
   * @param allowed the operations that there are here
   * @param idempotencyKey names it, or null
   * @throws KeyValueException REQUEST_INVALID or KEY_INVALID, naming the property
   */
  OperationRequest read(JsonParser parser, Set<String> allowed, @Nullable String idempotencyKey)
      throws IOException {
    properties.clear();
    properties(parser, properties);
    String op = required("op");
    if (!allowed.contains(op)) {
      throw KeyValueException.invalid("op", "It is one of " + String.join(", ", allowed) + ".");
    }
    Set<String> known = KNOWN.getOrDefault(op, Set.of());
    for (String name : properties.keySet()) {
      if (!known.contains(name)) {
        throw KeyValueException.invalid(name, "There is no such property of '" + op + "'.");
      }
    }
    return switch (op) {
      case "put" -> put(idempotencyKey);
      case "get" -> new OperationRequest.Get(key());
      case "delete" -> new WriteRequest.Delete(key(), condition(), idempotencyKey);
      default -> new OperationRequest.ListRange(range(), limit());
    };
  }

  /** Reads an object of scalar properties; null ones are left out. */
  static Map<String, String> properties(JsonParser parser, Map<String, String> properties)
      throws IOException {
    if (parser.currentToken() != JsonToken.START_OBJECT) {
      throw KeyValueException.invalid("body", "It is a JSON object.");
    }
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      String name = parser.currentName();
      JsonToken token = parser.nextToken();
      if (token == JsonToken.VALUE_NULL) {
        continue;
      }
      if (!token.isScalarValue()) {
        throw KeyValueException.invalid(name, "The property is a text, a number or a switch.");
      }
      if (properties.put(name, parser.getText()) != null) {
        throw KeyValueException.invalid(name, "The property is given more than once.");
      }
    }
    return properties;
  }

  private WriteRequest.Put put(@Nullable String idempotencyKey) {
    String type = properties.get("contentType");
    return new WriteRequest.Put(
        key(),
        value(),
        type == null ? DEFAULT_TYPE : MediaTypeRule.checked("contentType", type),
        life(),
        condition(),
        idempotencyKey);
  }

  private Key key() {
    return Key.of(required("key"));
  }

  /** The value in whichever form it is given. */
  private Bytes value() {
    return value(properties.get("value"), properties.get("valueBase64"));
  }

  static Bytes value(@Nullable String text, @Nullable String base64) {
    if (text != null && base64 == null) {
      if (!isWellFormed(text)) {
        throw KeyValueException.invalid("value", "An unpaired surrogate has no UTF-8 form.");
      }
      return Bytes.ofUtf8(text);
    }
    if (text != null || base64 == null) {
      throw KeyValueException.invalid("value", "Either value or valueBase64 is required.");
    }
    try {
      return Bytes.takeOver(Base64.getDecoder().decode(base64));
    } catch (IllegalArgumentException e) {
      throw KeyValueException.invalid("valueBase64", "It is not base64 (RFC 4648 section 4).");
    }
  }

  private static boolean isWellFormed(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (Character.isSurrogate(text.charAt(i))) {
        return StandardCharsets.UTF_8.newEncoder().canEncode(text);
      }
    }
    return true;
  }

  private Life life() {
    Life life = null;
    for (String name : new String[] {"ttl", "expiresAt", "lease", "keepTtl"}) {
      String text = properties.get(name);
      if (text == null || name.equals("keepTtl") && !flag(name, text)) {
        continue;
      }
      if (life != null) {
        throw KeyValueException.invalid(
            name, "Only one of ttl, expiresAt, lease and keepTtl is given.");
      }
      life = life(name, text);
    }
    return life == null ? new Life.Forever() : life;
  }

  private static Life life(String name, String text) {
    return switch (name) {
      case "ttl" -> new Life.During(duration(name, text));
      case "expiresAt" -> new Life.Until(instant(name, text));
      case "lease" -> new Life.OnLease(LeaseIds.parse(text));
      default -> new Life.Keep();
    };
  }

  private Condition condition() {
    Tags ifMatch = EntityTags.ofProperty("ifMatch", properties.get("ifMatch"));
    Tags ifNoneMatch = EntityTags.ofProperty("ifNoneMatch", properties.get("ifNoneMatch"));
    return ifMatch == null && ifNoneMatch == null
        ? Condition.NONE
        : new Condition(ifMatch, ifNoneMatch);
  }

  private KeyRange range() {
    String prefix = properties.get("prefix");
    String start = properties.get("start");
    String end = properties.get("end");
    if (prefix != null && (start != null || end != null)) {
      throw KeyValueException.invalid("prefix", "It is not combined with start or end.");
    }
    if (prefix != null) {
      return KeyRange.ofPrefix(Listing.bound("prefix", prefix));
    }
    return KeyRange.between(
        start == null ? Bytes.EMPTY : Listing.bound("start", start),
        end == null ? null : Listing.bound("end", end));
  }

  private int limit() {
    String text = properties.get("limit");
    if (text == null) {
      return Listing.DEFAULT_LIMIT;
    }
    if (text.matches("[0-9]{1,9}")) {
      int limit = Integer.parseInt(text);
      if (limit >= 1 && limit <= limits.pageKeys()) {
        return limit;
      }
    }
    throw KeyValueException.invalid(
            "limit", "It is a whole number from 1 to %d.".formatted(limits.pageKeys()))
        .withLimit(limits.pageKeys());
  }

  private String required(String name) {
    return required(properties, name);
  }

  static String required(Map<String, String> properties, String name) {
    String value = properties.get(name);
    if (value == null) {
      throw KeyValueException.invalid(name, "The property is required.");
    }
    return value;
  }

  static Duration duration(String name, String text) {
    Optional<Duration> duration = Durations.parse(text);
    if (duration.isEmpty() || duration.get().isNegative() || duration.get().isZero()) {
      throw KeyValueException.invalid(
          name, "It is a duration above zero, such as 500ms, 30s, 10m, 2h, 7d or PT30S.");
    }
    return duration.get();
  }

  private static Instant instant(String name, String text) {
    try {
      return Instant.parse(text);
    } catch (DateTimeParseException e) {
      throw KeyValueException.invalid(
          name, "It is an ISO-8601 instant in UTC, such as 2030-01-01T00:00:00Z.");
    }
  }

  private static boolean flag(String name, String text) {
    return switch (text) {
      case "true" -> true;
      case "false" -> false;
      default -> throw KeyValueException.invalid(name, "It is true or false.");
    };
  }
}
