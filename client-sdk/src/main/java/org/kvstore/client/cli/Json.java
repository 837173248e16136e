package org.kvstore.client.cli;

import jakarta.json.bind.Jsonb;
import jakarta.json.bind.JsonbBuilder;

/** JSON-B, created when it is first needed, as most commands need none. */
final class Json {
  private Json() {}

  static String write(Object document) {
    return Holder.JSON.toJson(document);
  }

  /** Reads a document. Throws {@link jakarta.json.bind.JsonbException} if it is malformed. */
  static <T> T read(String text, Class<T> type) {
    return Holder.JSON.fromJson(text, type);
  }

  private static final class Holder {
    static final Jsonb JSON = JsonbBuilder.create();
  }
}
