package org.kvstore.server.api;

import com.fasterxml.jackson.core.JsonGenerator;
import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.Event;

/**
 * Writes events as {@link org.kvstore.api.EventDocument} has them. An event that a thousand watches
 * deliver is written once: what was written is kept for a while, bounded in bytes.
 */
final class EventLines {
  private static final long KEPT_BYTES = 8 << 20;
  private static final int OVERHEAD_BYTES = 100;

  /** By identity: the events that watches deliver from memory are the same objects. */
  private static final Cache<Event, byte[]> WRITTEN =
      Caffeine.newBuilder()
          .weakKeys()
          .maximumWeight(KEPT_BYTES)
          .<Event, byte[]>weigher((event, bytes) -> OVERHEAD_BYTES + bytes.length)
          .executor(Runnable::run)
          .build();

  private EventLines() {}

  /** The document of an event, with the entry before it unless that is null. */
  static byte[] json(Event event, @Nullable Entry previous) {
    return previous == null ? WRITTEN.get(event, e -> write(e, null)) : write(event, previous);
  }

  private static byte[] write(Event event, @Nullable Entry previous) {
    ByteArrayOutputStream out = new ByteArrayOutputStream(256);
    try (JsonGenerator json = Json.generator(out)) {
      json.writeStartObject();
      json.writeStringField("type", event.isPut() ? "put" : "delete");
      json.writeFieldName("entry");
      Entry entry = event.entry();
      if (entry == null) {
        json.writeStartObject();
        json.writeStringField("key", event.key().text());
        json.writeNumberField("createRevision", 0);
        json.writeNumberField("modRevision", event.revision());
        json.writeNumberField("version", 0);
        json.writeEndObject();
      } else {
        ReplyLine.entry(json, entry);
      }
      if (previous != null) {
        json.writeFieldName("prev");
        ReplyLine.entry(json, previous);
      }
      json.writeStringField("reason", event.reason().name().toLowerCase(Locale.ROOT));
      json.writeStringField("time", Instant.ofEpochMilli(event.time()).toString());
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toByteArray();
  }
}
