package org.kvstore.server.replication.raft;

import java.nio.ByteBuffer;
import org.kvstore.server.model.Consistency;
import org.kvstore.server.store.Read;
import org.kvstore.server.store.ReadForm;

/**
 * What a node that has no replica of a shard asks one that has.
 *
 * @param shard its number
 * @param consistency what the answer is to see
 * @param atLeast the revision that the replica is to have reached, or else to say that it has not
 * @param waitMillis how long it is to be waited for a revision above {@code atLeast}, before the
 *     answer is given in any case; 0 for reads of what is there
 * @param read what is to be read
 */
public record ReadQuestion(
    int shard, Consistency consistency, long atLeast, int waitMillis, Read<?> read) {
  private static final byte FORMAT = 1;
  private static final int HEAD_BYTES = 1 + Integer.BYTES + 1 + Long.BYTES + Integer.BYTES;

  /** Of what is there. */
  public ReadQuestion(int shard, Consistency consistency, Read<?> read) {
    this(shard, consistency, 0, 0, read);
  }

  /** As a message. */
  byte[] toBytes() {
    byte[] form = ReadForm.of(read);
    return ByteBuffer.allocate(HEAD_BYTES + form.length)
        .put(FORMAT)
        .putInt(shard)
        .put((byte) (consistency == Consistency.LOCAL ? 1 : 0))
        .putLong(atLeast)
        .putInt(waitMillis)
        .put(form)
        .array();
  }

  /**
   * What a message asks.
   *
   * @throws IllegalStateException when it is of an unknown format
   */
  static ReadQuestion of(byte[] message) {
    ByteBuffer bytes = ByteBuffer.wrap(message);
    byte format = bytes.get();
    if (format != FORMAT) {
      throw new IllegalStateException("Of an unknown format: " + format);
    }
    int shard = bytes.getInt();
    Consistency consistency = bytes.get() == 1 ? Consistency.LOCAL : Consistency.LINEARIZABLE;
    long atLeast = bytes.getLong();
    int waitMillis = bytes.getInt();
    byte[] form = new byte[bytes.remaining()];
    bytes.get(form);
    return new ReadQuestion(shard, consistency, atLeast, waitMillis, ReadForm.read(form));
  }
}
