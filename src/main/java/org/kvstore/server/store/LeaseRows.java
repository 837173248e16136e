package org.kvstore.server.store;

import java.util.Arrays;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.Lease;

/**
 * The disk format of the table of leases:
 *
 * <pre>
 * 'k', lease, key     nothing: the key hangs on the lease
 * 'l', lease          time to live, time of expiry, number of keys; owner in format 2
 * 't', time, lease    nothing: the lease expires at that time
 * </pre>
 */
final class LeaseRows {
  private static final int FORMAT = 1;
  private static final int OWNED = 2;
  private static final byte KEY = 'k';
  private static final byte LEASE = 'l';
  private static final byte TIME = 't';
  private static final int KEY_HEAD = 1 + Long.BYTES;

  private LeaseRows() {}

  static byte[] lease(long id) {
    return new Encoder(1 + Long.BYTES).fixed8(LEASE).fixed64(id).toArray();
  }

  static byte[] value(Lease lease) {
    boolean owned = !lease.owner().isEmpty();
    Encoder row =
        new Encoder(24)
            .fixed8(owned ? OWNED : FORMAT)
            .variable(lease.millis())
            .variable(lease.expiresAt())
            .variable(lease.keys());
    return owned ? row.sized(lease.owner()).toArray() : row.toArray();
  }

  static Lease lease(long id, byte[] value) {
    boolean owned = value.length > 0 && value[0] == OWNED;
    Decoder row = new Decoder(value).expectVersion(owned ? OWNED : FORMAT);
    Lease lease = new Lease(id, row.variable(), row.variable(), (int) row.variable());
    return owned ? lease.of(row.sizedText()) : lease;
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
