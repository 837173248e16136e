package org.kvstore.server.api;

import jakarta.json.bind.Jsonb;
import jakarta.json.bind.JsonbBuilder;
import java.time.Instant;
import java.util.Base64;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.EntryDocument;
import org.kvstore.api.LineDocument;
import org.kvstore.api.PairDocument;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Entry;

/** Turns entries into the JSON documents of the contract. */
final class Documents {
  /** Thread-safe by the contract of JSON-B. */
  private static final Jsonb JSON = JsonbBuilder.create();

  private Documents() {}

  /** A document of the contract as JSON. */
  static Bytes json(Object document) {
    return Bytes.ofUtf8(JSON.toJson(document));
  }

  static EntryDocument entry(Entry entry, boolean keysOnly) {
    Value value = keysOnly ? Value.NONE : Value.of(entry);
    return new EntryDocument(
        entry.key().text(),
        value.text(),
        value.base64(),
        entry.contentType(),
        entry.createRevision(),
        entry.modRevision(),
        entry.version(),
        expiresAt(entry),
        entry.lease() == 0 ? null : Long.toString(entry.lease()));
  }

  static PairDocument pair(Entry entry) {
    Value value = Value.of(entry);
    return new PairDocument(entry.key().text(), value.text(), value.base64());
  }

  static LineDocument putLine(Entry entry) {
    Value value = Value.of(entry);
    return new LineDocument(
        "put",
        entry.key().text(),
        value.text(),
        value.base64(),
        entry.contentType(),
        expiresAt(entry));
  }

  static @Nullable String expiresAt(Entry entry) {
    return entry.expires() ? Instant.ofEpochMilli(entry.expiresAt()).toString() : null;
  }

  /** A value in the one form that can carry it. */
  private record Value(@Nullable String text, @Nullable String base64) {
    static final Value NONE = new Value(null, null);

    static Value of(Entry entry) {
      byte[] bytes = entry.value().toArray();
      String text = EntryDocument.textOrNull(bytes);
      return new Value(text, text == null ? Base64.getEncoder().encodeToString(bytes) : null);
    }
  }
}
