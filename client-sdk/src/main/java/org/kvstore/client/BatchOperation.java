package org.kvstore.client;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** One operation of a batch. Making one with a key that is not valid is refused at once. */
public sealed interface BatchOperation {

  /** The key. */
  String key();

  /**
   * Writes a value.
   *
   * @param key the key
   * @param value the bytes
   * @param options as of a single put, but without an idempotency key
   * @param expiresAt when the entry expires, instead of a time to live in the options; or null
   */
  record Put(String key, Value value, PutOptions options, @Nullable Instant expiresAt)
      implements BatchOperation {
    /** Checks the key and the options. */
    public Put {
      Keys.valid(key);
      if (options.idempotencyKey() != null) {
        throw new IllegalArgumentException("One operation of many has no idempotency key.");
      }
    }
  }

  /**
   * Reads an entry; its result is a {@link KeyNotFoundException} when the key does not exist.
   *
   * @param key the key
   */
  record Get(String key) implements BatchOperation {
    /** Checks the key. */
    public Get {
      Keys.valid(key);
    }
  }

  /**
   * Deletes a key; its result is a {@link KeyNotFoundException} when the key does not exist.
   *
   * @param key the key
   * @param ifMatch entity tag that the entry must have; or null
   */
  record Delete(String key, @Nullable String ifMatch) implements BatchOperation {
    /** Checks the key. */
    public Delete {
      Keys.valid(key);
      ifMatch = ifMatch == null ? null : Etags.quoted(ifMatch);
    }
  }

  /** Writes a text as {@code text/plain;charset=UTF-8}. */
  static Put put(String key, String text) {
    return put(key, Value.of(text), PutOptions.none().withContentType(Value.TEXT_TYPE));
  }

  /** Writes a value. */
  static Put put(String key, Value value, PutOptions options) {
    return new Put(key, value, options, null);
  }

  /** Reads an entry. */
  static Get get(String key) {
    return new Get(key);
  }

  /** Deletes a key. */
  static Delete delete(String key) {
    return new Delete(key, null);
  }
}
