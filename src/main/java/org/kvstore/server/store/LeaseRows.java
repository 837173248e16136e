package org.kvstore.server.store;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.Lease;
import org.kvstore.server.model.Lease.Status;

/**
 * The disk format of the table of leases:
 *
 * <pre>
 * 'e', lease          nothing: the lease was revoked, and has branches that are yet to be told
 * 'k', lease, key     nothing: the key hangs on the lease
 * 'l', lease          time to live, time of expiry, number of keys; owner from format 2 on;
 *                     status and branches in format 3, for what a single shard does not have
 * 't', time, lease    nothing: the lease expires at that time
 * </pre>
 */
final class LeaseRows {
  private static final int FORMAT = 1;
  private static final int OWNED = 2;
  private static final int BRANCHED = 3;
  private static final Status[] STATUSES = Status.values();
  private static final byte ENDING = 'e';
  private static final byte KEY = 'k';
  private static final byte LEASE = 'l';
  private static final byte TIME = 't';
  private static final int KEY_HEAD = 1 + Long.BYTES;

  private LeaseRows() {}

  static byte[] lease(long id) {
    return new Encoder(1 + Long.BYTES).fixed8(LEASE).fixed64(id).toArray();
  }

  static byte[] value(Lease lease) {
    int format = format(lease);
    Encoder row =
        new Encoder(24)
            .fixed8(format)
            .variable(lease.millis())
            .variable(lease.expiresAt())
            .variable(lease.keys());
    if (format != FORMAT) {
      row.sized(lease.owner());
    }
    if (format == BRANCHED) {
      row.fixed8(lease.status().ordinal()).variable(lease.branches().size());
      lease.branches().forEach(row::variable);
    }
    return row.toArray();
  }

  private static int format(Lease lease) {
    if (lease.status() != Status.HOME || !lease.branches().isEmpty()) {
      return BRANCHED;
    }
    return lease.owner().isEmpty() ? FORMAT : OWNED;
  }

  static Lease lease(long id, byte[] value) {
    int format = value.length > 0 && value[0] > FORMAT && value[0] <= BRANCHED ? value[0] : FORMAT;
    Decoder row = new Decoder(value).expectVersion(format);
    Lease lease = new Lease(id, row.variable(), row.variable(), (int) row.variable());
    if (format != FORMAT) {
      lease = lease.of(row.sizedText());
    }
    return format == BRANCHED
        ? lease.as(STATUSES[row.fixed8()]).withBranches(branches(row))
        : lease;
  }

  private static List<Integer> branches(Decoder row) {
    List<Integer> branches = new ArrayList<>();
    for (long left = row.variable(); left > 0; left--) {
      branches.add((int) row.variable());
    }
    return branches;
  }

  static byte[] ending(long id) {
    return new Encoder(1 + Long.BYTES).fixed8(ENDING).fixed64(id).toArray();
  }

  static boolean isEnding(byte[] row) {
    return row[0] == ENDING;
  }

  static long leaseOfEnding(byte[] row) {
    return new Decoder(row, 1).fixed64();
  }

  static byte[] key(long id, Key key) {
    return new Encoder(KEY_HEAD + key.utf8().size())
        .fixed8(KEY)
        .fixed64(id)
        .raw(key.utf8())
        .toArray();
  }

  /** Where the keys of a lease begin; those of the next lease follow. */
  static byte[] keys(long id) {
    return new Encoder(KEY_HEAD).fixed8(KEY).fixed64(id).toArray();
  }

  static boolean isKeyOf(long id, byte[] row) {
    byte[] head = keys(id);
    return row.length > head.length && Arrays.equals(row, 0, head.length, head, 0, head.length);
  }

  static Key keyOf(byte[] row) {
    return Key.ofStored(Arrays.copyOfRange(row, KEY_HEAD, row.length));
  }

  static byte[] time(Lease lease) {
    return new Encoder(1 + 2 * Long.BYTES)
        .fixed8(TIME)
        .fixed64(lease.expiresAt())
        .fixed64(lease.id())
        .toArray();
  }

  /** Where the times at and after one begin: the end of the table. */
  static byte[] times(long from) {
    return new Encoder(1 + Long.BYTES).fixed8(TIME).fixed64(from).toArray();
  }

  static long timeOf(byte[] row) {
    return new Decoder(row, 1).fixed64();
  }

  static long leaseOfTime(byte[] row) {
    return new Decoder(row, 1 + Long.BYTES).fixed64();
  }
}
