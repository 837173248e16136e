package org.kvstore.server.api;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonFactoryBuilder;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import org.kvstore.server.model.KeyValueException;

/**
 * JSON read and written token by token, for what comes in hundred thousands a second; all other
 * documents go through JSON-B.
 */
final class Json {
  private static final JsonFactory FACTORY =
      new JsonFactoryBuilder()
          .rootValueSeparator("")
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(8)
                  .maxNumberLength(40)
                  .maxStringLength(Integer.MAX_VALUE)
                  .build())
          .build();

  private Json() {}

  static JsonParser parser(byte[] json, int from, int length) {
    try {
      return FACTORY.createParser(json, from, length);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static JsonGenerator generator(OutputStream out) throws IOException {
    return FACTORY.createGenerator(out);
  }

  /** The problem of JSON that cannot be read. */
  static KeyValueException malformed(String field, IOException failure) {
    String message =
        failure instanceof JsonProcessingException parsing
            ? parsing.getOriginalMessage()
            : failure.getMessage();
    String line = message == null ? "" : message.lines().findFirst().orElse("");
    return KeyValueException.invalid(field, "It is not well-formed JSON: " + line);
  }
}
