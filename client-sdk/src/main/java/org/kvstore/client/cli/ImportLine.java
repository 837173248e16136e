package org.kvstore.client.cli;

import jakarta.json.bind.JsonbException;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Base64;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.EntryDocument;
import org.kvstore.api.LineDocument;
import org.kvstore.client.BatchOperation;
import org.kvstore.client.PutOptions;
import org.kvstore.client.Value;

/**
 * What one line of an import asks to write.
 *
 * @param key the key, not yet validated
 * @param value the bytes
 * @param contentType media type, or null for the default
 * @param expiresAt when the entry expires, or null when it does not
 */
record ImportLine(
    String key, Value value, @Nullable String contentType, @Nullable Instant expiresAt) {

  /**
   * Reads a line.
   *
   * @throws IllegalArgumentException that says what is wrong with the line
   */
  static ImportLine parse(byte[] line) {
    String json = EntryDocument.textOrNull(line);
    if (json == null) {
      throw new IllegalArgumentException("not UTF-8");
    }
    LineDocument document = document(json);
    if (!isPut(document.op())) {
      throw new IllegalArgumentException("the op is '" + document.op() + "', not 'put'");
    }
    if (isMissing(document.key())) {
      throw new IllegalArgumentException("there is no key");
    }
    return new ImportLine(
        document.key(), value(document), document.contentType(), instant(document.expiresAt()));
  }

  boolean isExpired(Instant now) {
    return expiresAt != null && !expiresAt.isAfter(now);
  }

  /** The put, which expires when the line says. */
  BatchOperation operation() {
    PutOptions options = PutOptions.none();
    options = contentType == null ? options : options.withContentType(contentType);
    return new BatchOperation.Put(key, value, options, expiresAt);
  }

  private static LineDocument document(String json) {
    if (!json.stripLeading().startsWith("{")) {
      throw new IllegalArgumentException("not a JSON object");
    }
    try {
      return Json.read(json, LineDocument.class);
    } catch (JsonbException malformed) {
      throw new IllegalArgumentException("not valid JSON", malformed);
    }
  }

  private static boolean isPut(@Nullable String op) {
    return op == null || op.equals("put");
  }

  private static boolean isMissing(@Nullable String key) {
    return key == null;
  }

  private static Value value(LineDocument line) {
    String text = line.value();
    String encoded = line.valueBase64();
    if ((text == null) == (encoded == null)) {
      throw new IllegalArgumentException("exactly one of value and valueBase64 is needed");
    }
    try {
      return text == null ? Value.of(Base64.getDecoder().decode(encoded)) : Value.of(text);
    } catch (IllegalArgumentException notBase64) {
      throw new IllegalArgumentException("valueBase64 is not base64", notBase64);
    }
  }

  private static @Nullable Instant instant(@Nullable String text) {
    try {
      return text == null ? null : Instant.parse(text);
    } catch (DateTimeException notAnInstant) {
      throw new IllegalArgumentException("expiresAt is not an instant: " + text, notAnInstant);
    }
  }
}
