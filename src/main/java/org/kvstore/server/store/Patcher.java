package org.kvstore.server.store;

import org.jspecify.annotations.Nullable;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.Patch;

/** Knows the formats of patches. It must come to the same result on every replica. */
@FunctionalInterface
public interface Patcher {

  /**
   * Patches a value.
   *
   * @param before the entry, or null when there is none
   * @throws org.kvstore.server.model.KeyValueException NOT_FOUND or PATCH_FAILED, with the reason
   */
  Result apply(Patch patch, @Nullable Entry before);

  /** What a value became. */
  record Result(Bytes value, String contentType) {}
}
