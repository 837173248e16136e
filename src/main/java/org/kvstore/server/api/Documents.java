package org.kvstore.server.api;

import com.fasterxml.jackson.core.JsonGenerator;
import jakarta.json.bind.Jsonb;
import jakarta.json.bind.JsonbBuilder;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.EntryDocument;
import org.kvstore.api.EventDocument;
import org.kvstore.api.LeaseDocument;
import org.kvstore.api.PairDocument;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.Event;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.Lease;

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

  static EventDocument event(Event event, @Nullable Entry previous) {
    Entry entry = event.entry();
    EntryDocument after =
        entry == null
            ? new EntryDocument(
                event.key().text(), null, null, null, 0, event.revision(), 0, null, null)
            : entry(entry, false);
    return new EventDocument(
        entry == null ? "delete" : "put",
        after,
        previous == null ? null : entry(previous, false),
        event.reason().name().toLowerCase(Locale.ROOT),
        Instant.ofEpochMilli(event.time()).toString());
  }

  static LeaseDocument lease(Lease lease, @Nullable List<Key> keys) {
    return new LeaseDocument(
        Long.toString(lease.id()),
        Duration.ofMillis(lease.millis()).toString(),
        Instant.ofEpochMilli(lease.expiresAt()).toString(),
        keys == null ? null : keys.stream().map(Key::text).toList());
  }

  static @Nullable String expiresAt(Entry entry) {
    return entry.expires() ? Instant.ofEpochMilli(entry.expiresAt()).toString() : null;
  }

  /** Writes the property that carries an entry's value. */
  static void writeValue(JsonGenerator json, Entry entry) throws IOException {
    byte[] bytes = entry.value().toArray();
    String text = EntryDocument.textOrNull(bytes);
    if (text == null) {
      json.writeStringField("valueBase64", Base64.getEncoder().encodeToString(bytes));
    } else {
      json.writeStringField("value", text);
    }
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
