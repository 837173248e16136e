package org.kvstore.server.api;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonFactoryBuilder;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
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

  /**
   * A parser of JSON, which is UTF-8 (RFC 8259 section 8.1). Jackson by itself guesses at other
   * encodings by the zero bytes in them, and takes what only looks like UTF-8, so that two
   * spellings would be one key.
   */
  static JsonParser parser(byte[] json, int from, int length) throws IOException {
    requireUtf8(json, from, length);
    return FACTORY.createParser(json, from, length);
  }

  private static void requireUtf8(byte[] json, int from, int length) throws IOException {
    boolean ascii = true;
    for (int i = from; i < from + length; i++) {
      if (json[i] == 0) {
        throw new IOException("a byte is zero.");
      }
      ascii &= json[i] > 0;
    }
    if (ascii) {
      return;
    }
    try {
      StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(json, from, length));
    } catch (CharacterCodingException e) {
      throw new IOException("the bytes are not valid UTF-8.", e);
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
