package org.kvstore.client;

import java.util.List;
import java.util.Optional;

/** What one operation of a transaction came to. */
public sealed interface OperationResult {

  /**
   * Of a put.
   *
   * @param written whether it created the entry, and the new entity tag
   */
  record Put(Written written) implements OperationResult {}

  /**
   * Of a delete.
   *
   * @param existed whether there was an entry to delete
   */
  record Delete(boolean existed) implements OperationResult {}

  /**
   * Of a get.
   *
   * @param entry the entry; empty when the key did not exist
   */
  record Get(Optional<Entry> entry) implements OperationResult {}

  /**
   * Of a list.
   *
   * @param entries the entries in key order
   * @param more whether there are more than the limit
   */
  record Listed(List<Entry> entries, boolean more) implements OperationResult {
    /** Copies the list. */
    public Listed {
      entries = List.copyOf(entries);
    }
  }
}
