package org.kvstore.server.api;

import org.kvstore.server.model.KeyValueException;

/** Ids of leases as clients see them: decimal numbers, which clients take for opaque. */
final class LeaseIds {
  private LeaseIds() {}

  /**
   * Reads an id.
   *
   * @throws KeyValueException REQUEST_INVALID when it cannot be one
   */
  static long parse(String text) {
    if (text.matches("[1-9][0-9]{0,17}")) {
      return Long.parseLong(text);
    }
    throw KeyValueException.invalid("lease", "It is the id of a lease, as it was granted.");
  }
}
