package org.kvstore.server.service;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Condition;
import org.kvstore.server.model.Key;

/** What a client asks to be written. */
public sealed interface WriteRequest {

  /** The key that is written. */
  Key key();

  /** What must hold. */
  Condition condition();

  /** The Idempotency-Key, or null. */
  @Nullable String idempotencyKey();

  /**
   * Creates or replaces an entry.
   *
   * @param timeToLive how long it lives; null for ever
   * @param keepTtl whether an entry that is replaced passes its time of expiry on
   */
  record Put(
      Key key,
      Bytes value,
      String contentType,
      @Nullable Duration timeToLive,
      boolean keepTtl,
      Condition condition,
      @Nullable String idempotencyKey)
      implements WriteRequest {}

  /** Deletes an entry. */
  record Delete(Key key, Condition condition, @Nullable String idempotencyKey)
      implements WriteRequest {}
}
