package org.kvstore.server.api;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Comparison;
import org.kvstore.server.model.Comparison.Operand;
import org.kvstore.server.model.Comparison.Relation;
import org.kvstore.server.model.Comparison.Target;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Limits;
import org.kvstore.server.service.OperationRequest;
import org.kvstore.server.service.TransactionService;

/** Reads the body of a transaction, as strictly as {@link OperationReader}. */
final class TransactionReader {
  private static final Set<String> OPERATIONS = Set.of("put", "get", "delete", "list");
  private static final Set<String> COMPARISON =
      Set.of("key", "target", "op", "value", "valueBase64");
  private static final Map<String, Target> TARGETS =
      Map.of(
          "version", Target.VERSION,
          "createRevision", Target.CREATE_REVISION,
          "modRevision", Target.MOD_REVISION,
          "value", Target.VALUE,
          "lease", Target.LEASE);
  private static final Map<String, Relation> RELATIONS =
      Map.of(
          "=", Relation.EQUAL,
          "!=", Relation.NOT_EQUAL,
          "<", Relation.LESS,
          ">", Relation.GREATER);

  private final JsonParser parser;
  private final Limits limits;
  private final OperationReader operations;
  private final List<Comparison> comparisons = new ArrayList<>();
  private final List<OperationRequest> then = new ArrayList<>();
  private final List<OperationRequest> otherwise = new ArrayList<>();

  TransactionReader(JsonParser parser, Limits limits) {
    this.parser = parser;
    this.limits = limits;
    operations = new OperationReader(limits);
  }

  /**
   * Reads it.
   *
   * @throws KeyValueException REQUEST_INVALID or KEY_INVALID, naming the property; TXN_INVALID when
   *     it has too many parts
   */
  TransactionService.Request read() throws IOException {
    if (parser.nextToken() != JsonToken.START_OBJECT) {
      throw KeyValueException.invalid("body", "A transaction is a JSON object.");
    }
    Set<String> seen = new HashSet<>();
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      String part = parser.currentName();
      if (!seen.add(part)) {
        throw KeyValueException.invalid(part, "The property is given more than once.");
      }
      readPart(part);
    }
    if (parser.nextToken() != null) {
      throw KeyValueException.invalid("body", "Something follows the transaction.");
    }
    return new TransactionService.Request(comparisons, then, otherwise);
  }

  private void readPart(String part) throws IOException {
    if (!Set.of("compare", "then", "else").contains(part)) {
      throw KeyValueException.invalid(part, "A transaction has compare, then and else.");
    }
    if (parser.nextToken() != JsonToken.START_ARRAY) {
      throw KeyValueException.invalid(part, "It is an array.");
    }
    for (int size = 1; parser.nextToken() != JsonToken.END_ARRAY; size++) {
      if (size > limits.transactionOperations()) {
        throw KeyValueException.of(
                ErrorCode.TXN_INVALID,
                "It has at most %d elements.".formatted(limits.transactionOperations()))
            .withField(part)
            .withLimit(limits.transactionOperations());
      }
      switch (part) {
        case "compare" -> comparisons.add(comparison());
        case "then" -> then.add(operation(part, then.size()));
        default -> otherwise.add(operation(part, otherwise.size()));
      }
    }
  }

  private OperationRequest operation(String branch, int index) throws IOException {
    try {
      return operations.read(parser, OPERATIONS, null);
    } catch (KeyValueException e) {
      throw e.ofOperation(branch, index);
    }
  }

  private Comparison comparison() throws IOException {
    Map<String, String> properties = OperationReader.properties(parser, new HashMap<>());
    for (String name : properties.keySet()) {
      if (!COMPARISON.contains(name)) {
        throw KeyValueException.invalid(name, "There is no such property of a comparison.");
      }
    }
    Key key = Key.of(OperationReader.required(properties, "key"));
    Target target = choice("target", properties, TARGETS);
    Relation relation = choice("op", properties, RELATIONS);
    String text = properties.get("value");
    if (target == Target.VALUE) {
      Bytes value = OperationReader.value(text, properties.get("valueBase64"));
      return new Comparison(key, target, relation, new Operand(0, value));
    }
    if (properties.containsKey("valueBase64")) {
      throw KeyValueException.invalid("valueBase64", "Only values are compared with bytes.");
    }
    return new Comparison(key, target, relation, new Operand(number(text), Bytes.EMPTY));
  }

  private static <T> T choice(String name, Map<String, String> properties, Map<String, T> choices) {
    T choice = choices.get(OperationReader.required(properties, name));
    if (choice == null) {
      throw KeyValueException.invalid(
          name, "It is one of " + String.join(", ", choices.keySet()) + ".");
    }
    return choice;
  }

  private static long number(@Nullable String text) {
    if (text == null || !text.matches("[0-9]{1,18}")) {
      throw KeyValueException.invalid("value", "It is compared with a whole number, from 0.");
    }
    return Long.parseLong(text);
  }
}
