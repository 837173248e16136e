package org.kvstore.server.api;

import com.fasterxml.jackson.core.JsonGenerator;
import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.Event;
import org.kvstore.server.model.Revisions;
import org.kvstore.server.store.WatchSink.Delivery;

/**
 * Writes events as blocks of Server-Sent Events, each with the document that {@link
 * org.kvstore.api.EventDocument} describes.
 *
 * <p>What a thousand watches deliver is written once. They are given the same event, and those of
 * the same query the same list of deliveries: what was written of either is kept for a while,
 * bounded in bytes, and found by identity. Watches that ask at once for what is not there yet wait
 * for the first of them.
 */
final class EventLines {
  private static final int OVERHEAD_BYTES = 100;

  private static final Cache<Event, byte[]> DOCUMENTS = cache();
  private static final Cache<List<Delivery>, byte[]> BLOCKS = cache();

  private EventLines() {}

  private static <K> Cache<K, byte[]> cache() {
    return Caffeine.newBuilder()
        .weakKeys()
        .maximumWeight(4 << 20)
        .<K, byte[]>weigher((key, bytes) -> OVERHEAD_BYTES + bytes.length)
        .executor(Runnable::run)
        .build();
  }

  /**
   * The blocks of some events of a shard.
   *
   * @param before what has been delivered before them
   * @param deliveries not changed afterwards
   * @param id the line that names a point in time
   */
  static byte[] blocks(
      int shard, Revisions before, List<Delivery> deliveries, Function<Revisions, String> id) {
    // Those of an only shard are the same for all; else a position tells of the others too.
    return before.shards() == 1
        ? BLOCKS.get(deliveries, all -> write(shard, before, all, id))
        : write(shard, before, deliveries, id);
  }

  private static byte[] write(
      int shard, Revisions before, List<Delivery> deliveries, Function<Revisions, String> id) {
    ByteArrayOutputStream out = new ByteArrayOutputStream(512 * deliveries.size());
    for (Delivery delivery : deliveries) {
      Event event = delivery.event();
      out.writeBytes(utf8(event.isPut() ? "event: put\n" : "event: delete\n"));
      if (delivery.last()) {
        out.writeBytes(utf8(id.apply(before.with(shard, event.revision()))));
      }
      out.writeBytes(utf8("data: "));
      out.writeBytes(document(event, delivery.previous()));
      out.writeBytes(utf8("\n\n"));
    }
    return out.toByteArray();
  }

  private static byte[] document(Event event, @Nullable Entry previous) {
    return previous == null ? DOCUMENTS.get(event, e -> write(e, null)) : write(event, previous);
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

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
