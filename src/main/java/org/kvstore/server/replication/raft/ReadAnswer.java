package org.kvstore.server.replication.raft;

import java.nio.ByteBuffer;

/**
 * What a node that has a replica of a shard says to one that has none.
 *
 * @param kind what it is
 * @param revision how far the replica was, at the least, before it was read; 0 when it was not
 * @param ageMillis how long ago the replica last showed all that was acknowledged; -1 when that is
 *     not known
 * @param form what was read, see {@link org.kvstore.server.store.ReadForm}; empty when nothing was
 */
public record ReadAnswer(Kind kind, long revision, long ageMillis, byte[] form) {
  private static final byte FORMAT = 1;
  private static final int HEAD_BYTES = 2 + 2 * Long.BYTES;
  private static final Kind[] KINDS = Kind.values();

  /** There is no replica here, or not yet. */
  public static final ReadAnswer NOT_HERE = new ReadAnswer(Kind.NOT_HERE, 0, -1, new byte[0]);

  /** More is asked than can be answered. */
  public static final ReadAnswer BUSY = new ReadAnswer(Kind.BUSY, 0, -1, new byte[0]);

  /** Kinds of answers. The order is part of the form. */
  public enum Kind {
    /** What was read, or what the read failed with. */
    READ,
    /** There is no replica, or one that has not caught up yet. */
    NOT_HERE,
    /** The replica has not come as far as was asked. */
    BEHIND,
    /** More is asked than can be answered. */
    BUSY
  }

  /** As a message. */
  byte[] toBytes() {
    return ByteBuffer.allocate(HEAD_BYTES + form.length)
        .put(FORMAT)
        .put((byte) kind.ordinal())
        .putLong(revision)
        .putLong(ageMillis)
        .put(form)
        .array();
  }

  /**
   * What a message says.
   *
   * @throws IllegalStateException when it is of an unknown format
   */
  static ReadAnswer of(byte[] message) {
    ByteBuffer bytes = ByteBuffer.wrap(message);
    byte format = bytes.get();
    if (format != FORMAT) {
      throw new IllegalStateException("Of an unknown format: " + format);
    }
    Kind kind = KINDS[bytes.get()];
    long revision = bytes.getLong();
    long ageMillis = bytes.getLong();
    byte[] form = new byte[bytes.remaining()];
    bytes.get(form);
    return new ReadAnswer(kind, revision, ageMillis, form);
  }
}
