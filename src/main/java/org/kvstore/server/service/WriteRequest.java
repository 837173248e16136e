package org.kvstore.server.service;

import org.jspecify.annotations.Nullable;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Condition;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.Patch;

/** What a client asks to be written. */
public sealed interface WriteRequest {

  /** The key that is written. */
  Key key();

  /** What must hold. */
  Condition condition();

  /** The Idempotency-Key, or null. */
  @Nullable String idempotencyKey();

  /** Creates or replaces an entry. */
  record Put(
      Key key,
      Bytes value,
      String contentType,
      Life life,
      Condition condition,
      @Nullable String idempotencyKey)
      implements WriteRequest, OperationRequest {}

  /** Deletes an entry. */
  record Delete(Key key, Condition condition, @Nullable String idempotencyKey)
      implements WriteRequest, OperationRequest {}

  /** Changes a value in terms of what it is. */
  record Modify(Key key, Patch patch, Condition condition, @Nullable String idempotencyKey)
      implements WriteRequest {}
}
