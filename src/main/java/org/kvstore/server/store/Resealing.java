package org.kvstore.server.store;

import org.jspecify.annotations.Nullable;
import org.kvstore.server.crypto.DataKey;
import org.kvstore.server.crypto.Sealer;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.Event;
import org.kvstore.server.model.Key;

/**
 * Rows of a database as one with another data key has them, or one with none, which has them in
 * clear.
 */
final class Resealing {
  private static final byte[] NOTHING = new byte[0];

  private final @Nullable DataKey from;
  private final @Nullable Sealer to;

  /**
   * @param from the data key of the database that has the rows; null for none
   * @param to seals for the other one; null if it has no data key
   */
  Resealing(@Nullable DataKey from, @Nullable Sealer to) {
    this.from = from;
    this.to = to;
  }

  /** The value of a row, by its table and key. */
  byte[] value(Table table, byte[] key, byte[] value) {
    if (from == null && to == null) {
      return value;
    }
    return switch (table) {
      case CURRENT -> entry(Rows.currentEntry(Key.ofStored(key), value, from));
      case CHANGES -> change(Rows.changeEvent(key, value, from));
      case REQUESTS -> RequestRows.isByName(key) ? request(RequestRows.nameOf(key), value) : value;
      case META, VERSIONS, DEADLINES, LEASES -> value;
    };
  }

  private byte[] entry(Entry entry) {
    return Rows.currentValue(entry, to);
  }

  private byte[] change(Event event) {
    Entry entry = event.entry();
    return Rows.changeValue(event, entry == null ? NOTHING : entry(entry));
  }

  private byte[] request(String name, byte[] value) {
    return RequestRows.value(name, RequestRows.remembered(name, value, from), to);
  }
}
