package org.kvstore.server.service;

import jakarta.json.Json;
import jakarta.json.JsonArray;
import jakarta.json.JsonNumber;
import jakarta.json.JsonObject;
import jakarta.json.JsonString;
import jakarta.json.JsonStructure;
import jakarta.json.JsonValue;
import jakarta.json.JsonWriter;
import jakarta.json.stream.JsonParser;
import java.io.ByteArrayOutputStream;
import java.io.StringReader;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Limits;
import org.kvstore.server.model.Patch;
import org.kvstore.server.store.Patcher;

/**
 * The patch formats: JSON Patch (RFC 6902), JSON Merge Patch (RFC 7396) and increments of decimal
 * numbers, which are exact. JSON Processing does the first two, but for the tests of a JSON Patch:
 * it holds 1 and 1.0 to be different numbers.
 */
public final class JsonPatcher implements Patcher {
  private static final String TEXT = "text/plain";

  /** Forty digits on either side: no sum of two runs away, and exponents cannot. */
  private static final Pattern DECIMAL = Pattern.compile("-?[0-9]{1,40}(\\.[0-9]{1,40})?");

  /** Operations of a JSON Patch, and what each needs beside {@code op} and {@code path}. */
  private static final Map<String, Set<String>> OPERATIONS =
      Map.of(
          "add", Set.of("value"),
          "remove", Set.of(),
          "replace", Set.of("value"),
          "move", Set.of("from"),
          "copy", Set.of("from"),
          "test", Set.of("value"));

  private static final int MAX_OPERATIONS = 128;

  /** As deep as a value is read: one that is deeper could not be patched again. */
  private static final int MAX_DEPTH = 1_000;

  private final Limits limits;

  public JsonPatcher() {
    this(Limits.DEFAULT);
  }

  /**
   * @param limits of the value that a patch makes
   */
  public JsonPatcher(Limits limits) {
    this.limits = limits;
  }

  /**
   * Checks that a patch is well-formed.
   *
   * @throws KeyValueException REQUEST_INVALID with the reason
   */
  static Patch checked(Patch patch) {
    try {
      JsonValue document = parse(patch.document());
      switch (patch.kind()) {
        case JSON_PATCH -> requireOperations(document.asJsonArray());
        case MERGE_PATCH -> Json.createMergePatch(document);
        case INCREMENT -> by(document);
      }
      return patch;
    } catch (KeyValueException known) {
      throw known;
    } catch (RuntimeException e) {
      // Parsson reports what it cannot parse by exceptions of many kinds.
      throw KeyValueException.invalid("body", "The patch is not well-formed: " + reason(e));
    }
  }

  @Override
  public Result apply(Patch patch, @Nullable Entry before) {
    if (patch.kind() == Patch.Kind.INCREMENT) {
      return increment(by(parse(patch.document())), before);
    }
    if (before == null) {
      throw KeyValueException.of(ErrorCode.NOT_FOUND, "There is no such key.");
    }
    JsonValue value;
    try {
      value = parse(before.value());
    } catch (RuntimeException e) {
      throw failed("The value is not JSON: " + reason(e));
    }
    try {
      JsonValue document = parse(patch.document());
      JsonValue patched =
          patch.kind() == Patch.Kind.MERGE_PATCH
              ? Json.createMergePatch(document).apply(value)
              : patched(structure(value), document.asJsonArray());
      height(patched, MAX_DEPTH, new IdentityHashMap<>());
      return new Result(bounded(patched), before.contentType());
    } catch (KeyValueException known) {
      throw known;
    } catch (RuntimeException e) {
      throw failed("The patch cannot be applied: " + reason(e));
    }
  }

  private static JsonStructure patched(JsonStructure value, JsonArray operations) {
    JsonStructure patched = value;
    for (JsonObject operation : operations.getValuesAs(JsonObject.class)) {
      if (operation.getString("op").equals("test")) {
        test(patched, operation);
      } else {
        JsonArray one = Json.createArrayBuilder().add(operation).build();
        patched = Json.createPatch(one).apply(patched);
      }
    }
    return patched;
  }

  private static void test(JsonStructure value, JsonObject operation) {
    String path = operation.getString("path");
    if (!areEqual(operation.get("value"), Json.createPointer(path).getValue(value))) {
      throw failed("The value at '" + path + "' is another than the test asks for.");
    }
  }

  /** RFC 6902 section 4.6: numbers are equal when their values are. */
  private static boolean areEqual(@Nullable JsonValue one, @Nullable JsonValue other) {
    if (one instanceof JsonNumber number && other instanceof JsonNumber that) {
      return number.bigDecimalValue().compareTo(that.bigDecimalValue()) == 0;
    }
    if (one instanceof JsonArray array && other instanceof JsonArray that) {
      return array.size() == that.size()
          && IntStream.range(0, array.size()).allMatch(i -> areEqual(array.get(i), that.get(i)));
    }
    if (one instanceof JsonObject object && other instanceof JsonObject that) {
      return object.size() == that.size()
          && object.keySet().stream().allMatch(name -> areEqual(object.get(name), that.get(name)));
    }
    return one != null && one.equals(other);
  }

  /**
   * How deep a value is nested. Copies in a row make one very deep, which writing it cannot bear;
   * what they share is looked at once.
   */
  private static int height(JsonValue value, int allowed, Map<JsonValue, Integer> known) {
    Collection<JsonValue> parts = List.of();
    if (value instanceof JsonObject object) {
      parts = object.values();
    } else if (value instanceof JsonArray array) {
      parts = array;
    }
    Integer seen = known.get(value);
    int height = seen == null ? 0 : seen;
    if (seen == null && allowed > 0) {
      for (JsonValue part : parts) {
        height = Math.max(height, 1 + height(part, allowed - 1, known));
      }
      known.put(value, height);
    }
    if (height > allowed || allowed == 0 && !parts.isEmpty()) {
      throw failed("The patched value is nested deeper than %d levels.".formatted(MAX_DEPTH));
    }
    return height;
  }

  /** A few copies in a row would make gigabytes of a short patch: so it is written with a bound. */
  private Bytes bounded(JsonValue value) {
    ByteArrayOutputStream bytes =
        new ByteArrayOutputStream() {
          @Override
          public synchronized void write(byte[] b, int from, int length) {
            if (size() + length > limits.valueBytes()) {
              throw KeyValueException.of(
                      ErrorCode.TOO_LARGE,
                      "The patched value has more than %d bytes.".formatted(limits.valueBytes()))
                  .withField("value")
                  .withLimit(limits.valueBytes());
            }
            super.write(b, from, length);
          }
        };
    try (JsonWriter writer = Json.createWriter(bytes)) {
      writer.write(value);
    }
    return Bytes.takeOver(bytes.toByteArray());
  }

  /** RFC 6902 section 4: what Parsson takes for granted, and as many as a commit can bear. */
  private static void requireOperations(JsonArray operations) {
    if (operations.size() > MAX_OPERATIONS) {
      throw KeyValueException.invalid(
              "body", "A patch has at most %d operations.".formatted(MAX_OPERATIONS))
          .withLimit(MAX_OPERATIONS);
    }
    for (JsonValue operation : operations) {
      JsonObject object = operation.asJsonObject();
      String op = pointerOrName(object, "op");
      Set<String> needed = OPERATIONS.get(op);
      if (needed == null) {
        throw new IllegalArgumentException("an operation is one of " + OPERATIONS.keySet() + ".");
      }
      Json.createPointer(pointerOrName(object, "path"));
      if (needed.contains("from")) {
        Json.createPointer(pointerOrName(object, "from"));
      }
      if (needed.contains("value") && !object.containsKey("value")) {
        throw new IllegalArgumentException("'" + op + "' needs a value.");
      }
    }
  }

  private static String pointerOrName(JsonObject object, String name) {
    if (object.get(name) instanceof JsonString text) {
      return text.getString();
    }
    throw new IllegalArgumentException("each operation has the text '" + name + "'.");
  }

  private static JsonStructure structure(JsonValue value) {
    if (value instanceof JsonStructure structure) {
      return structure;
    }
    throw failed("A JSON Patch applies to an object or an array.");
  }

  private static Result increment(BigDecimal by, @Nullable Entry before) {
    if (before == null) {
      return new Result(Bytes.ofUtf8(by.toPlainString()), TEXT);
    }
    if (before.value().size() > 100 || !DECIMAL.matcher(before.value().toUtf8()).matches()) {
      throw failed("The value is not a decimal number of at most 40 digits and 40 decimals.");
    }
    BigDecimal sum = new BigDecimal(before.value().toUtf8()).add(by);
    String text = sum.toPlainString();
    if (!DECIMAL.matcher(text).matches()) {
      throw failed("The sum would have more than 40 digits.");
    }
    return new Result(Bytes.ofUtf8(text), before.contentType());
  }

  private static BigDecimal by(JsonValue document) {
    if (document instanceof JsonObject object
        && object.size() == 1
        && object.get("by") instanceof JsonNumber number
        && isShort(number.bigDecimalValue())) {
      return number.bigDecimalValue();
    }
    throw new IllegalArgumentException(
        "It is {\"by\": n}, n being a decimal number of at most 40 digits and 40 decimals.");
  }

  /** Before it is written out, which an exponent can make endless. */
  private static boolean isShort(BigDecimal number) {
    return number.precision() <= 80
        && Math.abs((long) number.scale()) <= 40
        && DECIMAL.matcher(number.toPlainString()).matches();
  }

  private static JsonValue parse(Bytes json) {
    String text;
    try {
      text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(json.toArray())).toString();
    } catch (CharacterCodingException e) {
      throw new IllegalArgumentException("It is not valid UTF-8.", e);
    }
    try (JsonParser parser = Json.createParser(new StringReader(text))) {
      if (!parser.hasNext()) {
        throw new IllegalArgumentException("There is nothing.");
      }
      parser.next();
      JsonValue value = parser.getValue();
      if (parser.hasNext()) {
        throw new IllegalArgumentException("Something follows the JSON value.");
      }
      return value;
    }
  }

  private static KeyValueException failed(String detail) {
    return KeyValueException.of(ErrorCode.PATCH_FAILED, detail);
  }

  private static String reason(Exception e) {
    String message = e.getMessage();
    return message == null ? "it has another shape." : message.lines().findFirst().orElse("");
  }
}
