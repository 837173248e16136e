package org.kvstore.server.store;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;

/**
 * A digest of what all replicas of a shard have that have applied the same: SHA-256 over the rows,
 * in clear, table by table in the order of their keys. Left out is what a replica has by itself:
 * its data key, and history that was given up, of which each sweeps as much as it has come to; and
 * what moves with entries that change nothing, which are proposed at any time: the position in the
 * log and the newest group of each sender.
 */
final class ContentDigest {
  private final MessageDigest digest;
  private final Resealing clear;
  private final long compacted;

  /**
   * @param compacted the oldest revision that can be read
   */
  ContentDigest(Database database, long compacted) {
    this.compacted = compacted;
    clear = new Resealing(database.dataKey(), null);
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Takes a row in. */
  void add(Table table, byte[] key, byte[] row) {
    if (isOfTheReplica(table, key)) {
      return;
    }
    byte[] value = clear.value(table, key, row);
    ByteBuffer sizes = ByteBuffer.allocate(3 * Integer.BYTES);
    digest.update(sizes.putInt(table.ordinal()).putInt(key.length).putInt(value.length).array());
    digest.update(key);
    digest.update(value);
  }

  private boolean isOfTheReplica(Table table, byte[] key) {
    return switch (table) {
      case META ->
          Arrays.equals(key, KeyRow.NAME)
              || Arrays.equals(key, Sweeper.SWEPT)
              || AppliedLog.isOfTheLog(key);
      case CHANGES -> Rows.revisionOfChange(key) <= compacted;
      case VERSIONS -> Rows.revisionOfVersion(key) <= compacted;
      case CURRENT, DEADLINES, LEASES, REQUESTS -> false;
    };
  }

  /** The digest of all that was taken in, once: 64 hexadecimal digits. */
  String hex() {
    return HexFormat.of().formatHex(digest.digest());
  }
}
