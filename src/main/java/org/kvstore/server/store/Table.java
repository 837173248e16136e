package org.kvstore.server.store;

import java.nio.charset.StandardCharsets;

/** The tables of a database: its column families. {@link Rows} describes what they hold. */
enum Table {
  /** Revision and format; the column family that every RocksDB database has. */
  META("default"),
  CURRENT("current"),
  CHANGES("changes"),
  VERSIONS("versions"),
  DEADLINES("deadlines"),
  LEASES("leases"),
  REQUESTS("requests");

  private final String familyName;

  Table(String familyName) {
    this.familyName = familyName;
  }

  byte[] familyName() {
    return familyName.getBytes(StandardCharsets.UTF_8);
  }
}
