package org.kvstore.client;

import jakarta.json.bind.Jsonb;
import jakarta.json.bind.JsonbBuilder;
import jakarta.json.bind.JsonbException;

/** JSON-B, created when it is first needed, as that takes a while. Safe for many threads. */
final class Json {
  private Json() {}

  static String write(Object document) {
    return Holder.JSON.toJson(document);
  }

  /**
   * Reads a document of the service.
   *
   * @throws KeyValueException if it is not one
   */
  static <T> T read(String text, Class<T> type) {
    try {
      T document = Holder.JSON.fromJson(text, type);
      if (document != null) {
        return document;
      }
    } catch (JsonbException malformed) {
      throw KeyValueException.notTheService(200, "it is not valid JSON", malformed);
    }
    throw KeyValueException.notTheService(200, "it is null", null);
  }

  private static final class Holder {
    static final Jsonb JSON = JsonbBuilder.create();
  }
}
